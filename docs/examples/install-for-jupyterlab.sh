#!/usr/bin/env bash
# Installs jupyter_notebook_stop into the environment that JupyterLab runs from, whichever that is.
#
# JUPYTER_PYTHON  the Python of this environment, if it is not found
# WHEELS          a folder with wheels; if set, nothing is downloaded
# PROCESSES       where the system lists processes, if not in /proc
set -euo pipefail

jupyter_python() {
  if [ -n "${JUPYTER_PYTHON:-}" ]; then
    echo "$JUPYTER_PYTHON"
    return
  fi
  # A server that runs tells best: the first words of its command line are its Python and its script.
  local file words beside
  for file in "${PROCESSES:-/proc}"/[0-9]*/cmdline; do
    words=()
    while IFS= read -r -d '' word; do words+=("$word"); done 2>/dev/null <"$file" || true
    case "${words[*]:1:2} " in
      *"/jupyter-lab "* | */jupyter-labhub* | *"/jupyter-notebook "* | *"/jupyter-server "* | */jupyterhub-singleuser* | \
        "-m jupyterlab "* | "-m notebook "* | "-m jupyter_server "* | "-m jupyterhub.singleuser "*)
        if [ -x "${words[0]}" ]; then
          echo "${words[0]}"
          return
        fi
        ;;
    esac
  done
  # Else the Python beside the command.
  if beside=$(command -v jupyter-lab || command -v jupyter-labhub); then
    beside=$(dirname "$beside")/python
    if [ -x "$beside" ]; then
      echo "$beside"
      return
    fi
  fi
  echo "No JupyterLab was found. Set JUPYTER_PYTHON to the Python it runs from." >&2
  return 1
}

python=$(jupyter_python)
if [ "${1:-}" = --print-python ]; then
  echo "$python"
  exit
fi

options=()
if [ -n "${WHEELS:-}" ]; then
  options+=(--no-index --find-links "$WHEELS")
fi
if [ ! -w "$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" ]; then
  echo "The folder of $python is read-only: installing for this user."
  options+=(--user)
fi

echo "Installing with $python"
"$python" -m pip install ${options[@]+"${options[@]}"} jupyter_notebook_stop
"$python" -m jupyter server extension list 2>&1 | grep jupyter_notebook_stop
