"""A working folder may be that of a stranger: no library takes its settings from there, and nothing in it is run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from builds.commands import command
from reanalysis.cli import _SETTINGS


@pytest.mark.parametrize("name", _SETTINGS)
def test_a_file_of_settings_is_refused_by_name(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("disable_jit: 1\n", encoding="utf-8")
    ended = command("audit", tmp_path, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"error: {name}: lies in the working folder")
    assert ended.err.count("\n") == 1


def test_those_are_the_files_that_libraries_look_for_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from arviz_base.rcparams import get_arviz_rcfile
    from matplotlib import matplotlib_fname
    from numba.core import config

    monkeypatch.chdir(tmp_path)
    for name in _SETTINGS:
        (tmp_path / name).touch()
    found = {Path(str(get_arviz_rcfile())).name, Path(matplotlib_fname()).name, config._config_fname}
    assert found == set(_SETTINGS)


def test_worker_processes_run_no_module_of_the_working_folder(tmp_path: Path) -> None:
    """The standard library starts a worker as ``python -c``, which looks in the working folder first."""
    (tmp_path / "multiprocessing.py").write_text("raise SystemExit('run')\n", encoding="utf-8")
    script = tmp_path.parent / "starts_a_worker.py"
    script.write_text(
        "import sys\n"
        "if __name__ == '__main__':\n"
        "    from reanalysis import cli\n"
        "    sys.argv = ['reanalysis', '--version']\n"
        "    try:\n"
        "        cli.main()\n"
        "    except SystemExit:\n"
        "        pass\n"
        "    from reanalysis.engines.batches import local_processes\n"
        "    with local_processes(2) as executor:\n"
        "        print(executor.submit(len, 'abc').result())\n",
        encoding="utf-8",
    )
    env = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout.splitlines()[1:] == ["3"], done.stderr
