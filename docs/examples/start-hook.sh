#!/usr/bin/env bash
# Installs jupyter_notebook_stop at each start of the instance, from the wheels beside this script.
# It never fails: an instance without the extension is better than one that does not start.
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if WHEELS=$folder/wheels bash "$folder/install-for-jupyterlab.sh" >"$folder/hook.log" 2>&1; then
  echo "installed" >>"$folder/hook.log"
else
  echo "failed with exit code $?" >>"$folder/hook.log"
fi
exit 0
