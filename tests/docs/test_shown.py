"""What counts as shown rightly."""

import pytest

from tests.docs.pages import Block, Command, blocks, commands
from tests.docs.shown import assert_shown


@pytest.mark.parametrize(
    ("shown", "true"),
    [
        ("0.1 and more", "0.1 and more"),
        ("0.30000000000000004", "0.3"),
        ('{"y": [1, …], "dtype": "float64", …}', '{"y": [1, 2, 3], "dtype": "float64", "order": 1}'),
        ("a\n…\nz", "a\nb\nc\nz"),
        ("loss 2.52… now", "loss 2.5234 now"),
        ("2.5…e-7, 2…", "2.5234e-7, 2"),
        ("a  \nb\n", "a\nb"),
    ],
)
def test_what_is_true_may_be_cut_short(shown: str, true: str) -> None:
    assert_shown(shown, true)


@pytest.mark.parametrize(
    ("shown", "true"),
    [
        ("0.1", "0.2"),
        ("0.1", "0.1 and more"),
        ("0.1 and more", "0.1"),
        ('{"y": [1, …], "dtype": "float32"}', '{"y": [1, 2, 3], "dtype": "float64"}'),
        ("loss 2.52…", "loss 2.5134"),
        ("2.5… …", "2.5234e-7, and more"),
        ("2.5…e-7", "2.5234e-77"),
        ("a b", "a  b"),
        ("8.533047625744065e-17", "8.533047625734065e-17"),
    ],
)
def test_what_is_not_true_is_found(shown: str, true: str) -> None:
    with pytest.raises(AssertionError):
        assert_shown(shown, true)


def test_white_space_counts_only_if_asked() -> None:
    assert_shown('{"y": [1, 2]}', '{"y":[1,2]}', spaces=False)


def test_a_console_is_read_as_a_shell_reads_it() -> None:
    page = """\
```console
$ curl a \\
    -d '{
  "x": 1}'
{"y":1}
$ cat > f <<'END'
$HOME
END
$ curl b
```

It answers:

```json
{"z": 2}
```
"""
    first, second = blocks(page)
    assert second == Block(15, "json", '{"z": 2}\n', None)
    assert list(commands(first)) == [
        Command("curl a \\\n    -d '{\n  \"x\": 1}'", '{"y":1}'),
        Command("cat > f <<'END'\n$HOME\nEND", None),
        Command("curl b", '{"z": 2}\n'),
    ]
