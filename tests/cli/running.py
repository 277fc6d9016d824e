"""What runs a command in this process."""

from dataclasses import dataclass

from typer.testing import CliRunner, Result

from service.cli.commands import app


@dataclass(frozen=True)
class Run:
    """Runs commands, with `--url` if it has one."""

    url: str | None = None

    def __call__(self, *words: str, given: str | bytes | None = None, status: int = 0, **environment: str) -> Result:
        """What a command says; `status` is what it must end with."""
        more = ["--url", self.url] if self.url else []
        result = CliRunner().invoke(app, [*words, *more], input=given, env={"COLUMNS": "80", **environment})
        assert result.exit_code == status, result.output
        assert "Traceback" not in result.output
        return result
