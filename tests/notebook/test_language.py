"""A kernel that speaks Chinese: by its environment, or by the setting."""

from __future__ import annotations

import json
import os
import pathlib
import re
from typing import Iterator

import pytest

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..language import english_in
from .conftest import Kernel, running_kernel

MAGIC = "get_ipython().find_line_magic('stop_instance')"
STOP = "from jupyter_notebook_stop import scheduled_stop, status, stop\n"


@pytest.fixture
def chinese(folders: dict[str, str], environment: dict[str, str], tmp_path: pathlib.Path) -> Iterator[Kernel]:
    """Start a kernel in the stand-in's instance as a machine in China does."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("LANGUAGE", "LC_ALL", "LC_MESSAGES")}
    with running_kernel(tmp_path, {**inherited, **folders, **environment, "LANG": "zh_CN.UTF-8"}) as kernel:
        yield kernel


def set_locale(folders: dict[str, str], locale: str) -> None:
    """Write ``c.NotebookStop.locale`` to the file that kernels read."""
    file = pathlib.Path(folders["JUPYTER_CONFIG_DIR"]) / "jupyter_notebook_stop_config.json"
    settings = json.loads(file.read_text(encoding="utf-8"))
    settings["NotebookStop"]["locale"] = locale
    file.write_text(json.dumps(settings), encoding="utf-8")


def test_all_that_a_cell_shows(chinese: Kernel, simulator: ThreadedSimulator) -> None:
    ((kind, shown),) = chinese.run(STOP + "status()")
    assert kind == "execute_result"
    assert "停止后保留" in shown
    assert english_in(shown) == []
    ((kind, shown),) = chinese.run("stop(dry_run=True)")
    assert kind == "display_data"
    assert "实例信息：实例 " in shown
    assert "停止时将执行以下操作：" in shown
    assert english_in(shown) == []
    html = "print(get_ipython().display_formatter.format(status())[0]['text/html'])"
    assert ">停止后保留<" in dict(chinese.run(html))["stream"]

    shown = chinese.sight(chinese.start("stop(delay=1)"))
    assert shown.startswith("云服务已受理停止请求，simulated-notebook：STOPPING")
    assert "倒计时 1 秒已结束。" in shown
    # What a step is called is the service's.
    assert english_in(re.sub("步：.*", "", shown)) == []
    assert chinese.sight(chinese.start("stop(wait=True)")) == "simulated-notebook：STOPPED\n"
    assert simulator.count("stop") == 1


def test_the_help_of_the_magic(chinese: Kernel, simulator: ThreadedSimulator) -> None:
    ((_kind, shown),) = chinese.run(f"%load_ext jupyter_notebook_stop\nprint({MAGIC}.__doc__)")
    assert "停止此内核所在的 Notebook 实例。" in shown
    text = shown.partition("停止此内核所在的 Notebook 实例。")[2]
    assert english_in(re.sub(r"``[^`]*``|--[\w-]+|%+stop_instance|10min|(options|optional arguments):", "", text)) == []
    shown = chinese.sight(chinese.start("%stop_instance --delay -1"))
    assert "--delay 必须是不小于 0 的秒数，不能为 -1.0。" in shown


def test_an_error_and_its_remedy(chinese: Kernel, simulator: ThreadedSimulator) -> None:
    simulator.settings.deny("stop")
    shown = chinese.sight(chinese.start(STOP + "stop(delay=0)"))
    assert "未停止：" in shown
    assert "请联系管理员，为所用凭证对应的委托或用户添加授权项 modelarts:notebook:stop" in shown
    assert "ModelArts.0112" in shown
    shown = chinese.sight(chinese.start("scheduled_stop()"))
    assert "只有安装了 jupyter_notebook_stop 的 Jupyter 服务器才能稍后停止此实例" in shown
    shown = chinese.sight(chinese.start("stop(when='later')"))
    assert "when 只能为 'idle'，不能为 'later'" in shown


def test_the_setting_goes_before_the_environment(
    chinese: Kernel, folders: dict[str, str], simulator: ThreadedSimulator
) -> None:
    set_locale(folders, "en")
    ((_kind, shown),) = chinese.run(STOP + "status()")
    assert shown.startswith("simulated-notebook: RUNNING")
    assert "What stays" in shown


def test_the_setting_alone(kernel: Kernel, folders: dict[str, str], simulator: ThreadedSimulator) -> None:
    assert "What stays" in kernel.run(STOP + "status()")[0][1]
    set_locale(folders, "zh_CN")
    try:
        assert "停止后保留" in kernel.run("status()")[0][1]
    finally:
        # Other tests use this kernel as well.
        set_locale(folders, "")
        kernel.run("status()")
    assert "What stays" in kernel.run("status()")[0][1]
