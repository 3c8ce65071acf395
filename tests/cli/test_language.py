"""The terminal in Chinese: by the environment, by the setting, and what stays as it is."""

from __future__ import annotations

import json
import re
import sys

import pytest

from jupyter_notebook_stop.notebook.cards import columns
from jupyter_notebook_stop.simulator import BrokenJson, ThreadedSimulator

from .conftest import Commands, Terminal


@pytest.fixture
def chinese(commands: Commands) -> Commands:
    commands.environment(LANGUAGE=None, LC_ALL="zh_CN.UTF-8", PYTHONUTF8="1")
    return commands


def test_a_stop(chinese: Commands, simulator: ThreadedSimulator) -> None:
    ended = chinese.run("stop", "--yes", "--delay=1", "--wait")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert "simulated-notebook 将在 1 秒后停止：按 Ctrl-C 可取消。" in lines
    assert lines[-1] == "simulated-notebook：STOPPED"
    assert simulator.count("stop") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_the_prompt(chinese: Commands, simulator: ThreadedSimulator) -> None:
    terminal = Terminal(chinese, "stop")
    terminal.until("确定停止此实例？[y/N] ")
    assert "所有内核和终端都会结束" in terminal.output
    terminal.write("n\n")
    terminal.until("未停止任何实例。")
    assert terminal.end() == 5
    assert simulator.count("stop") == 0


def test_an_error_has_its_remedy(chinese: Commands, simulator: ThreadedSimulator) -> None:
    simulator.settings.deny("stop")
    ended = chinese.run("stop", "--yes", "--delay=0")
    assert ended.code == 1
    assert "[ModelArts.0112]" in ended.err
    assert "请联系管理员" in ended.err


def test_doctor_and_json(chinese: Commands) -> None:
    ended = chinese.run("doctor")
    assert "[ 正常 ] 实例信息：实例 " in ended.out
    # Codes, names and addresses apart, nothing is left in English.
    assert re.findall(r"\b(?:permission|clock|endpoint|credentials|server)\b", ended.out) == []
    assert "只有实际停止时才能验证" in ended.out
    shown = json.loads(chinese.run("status", "--json").out)
    assert shown["status"] == "RUNNING"
    assert "环境变量" in " ".join(shown["sources"].values())


def test_what_is_put_into_a_text_is_chinese_as_well(chinese: Commands, simulator: ThreadedSimulator) -> None:
    refused = chinese.run("schedule", "--at", "2020-01-01T10:00+00:00").err
    assert refused.rstrip().endswith("--at 早于当前时间：2020-01-01 10:00:00+00:00。")
    # Nothing runs, so that nothing is lost, and there is no such line.
    assert "停止后丢失" not in chinese.run("status").out
    simulator.faults.add("show", BrokenJson(), times=None)
    assert "返回 HTTP 200，响应内容有误：不是 Notebook 实例的信息" in chinese.run("status").err


@pytest.mark.parametrize("command", ["", "stop", "schedule", "status", "doctor", "demo"])
def test_help(chinese: Commands, command: str) -> None:
    out = chinese.run(*filter(None, [command]), "--help").out
    assert "用法：jupyter notebook-stop" in out
    assert "退出码\n  0    成功" in out
    # What a user types apart, each line is in Chinese, and short enough for its words to stay whole.
    said = [line for line in out.splitlines() if line.strip() and not line.startswith("  jupyter notebook-stop ")]
    assert [line for line in said if not re.search("[\u4e00-\u9fff]", line)] == [
        line for line in said if "papermill" in line
    ]
    assert [line for line in said if columns(line) > 80] == []


def test_the_help_of_all_settings(chinese: Commands) -> None:
    out = chinese.run("stop", "--help-all").out
    assert "实例 ID（UUID）。" in out
    assert "--config=<Unicode>" in out
    ours = out.partition("NotebookStop(Configurable) options")[2].partition("\nExamples")[0]
    help = [
        line for line in ours.splitlines() if line.startswith("    ") and not re.match(r" +(Default|Choices):", line)
    ]
    assert len(help) > 20
    assert [line for line in help if re.search(r"[a-z]{2,} [a-z]{2,}", line)] == []


def test_the_setting_goes_before_the_environment(chinese: Commands) -> None:
    assert "Exit codes" not in chinese.run("doctor", "--help").out
    assert "identity: instance" in chinese.run("doctor", "--NotebookStop.locale=en").out
    chinese.environment(LC_ALL="en_US.UTF-8")
    assert "实例信息：实例" in chinese.run("doctor", "--NotebookStop.locale=zh_CN").out
