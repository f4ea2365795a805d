"""The order of the modules: data flows one way, and each outside library has its one place."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LPVAE = sorted((ROOT / "lpvae").glob("*.py"))
EXPLORER = sorted((ROOT / "explorer").rglob("*.py"))
ORDER = (
    "errors", "costs", "idx", "data", "networks", "distributions", "codes", "tours", "priors", "decoders", "model", "evaluate", "report",
    "projection", "bundle", "summary", "parallel", "train", "builder", "experiments", "reproduce",
    "message", "latents", "coding", "sending", "container", "compress", "bench", "__main__",
)


def imports(path: Path) -> set[str]:
    """Dotted names of all that a file imports, wherever in it: `from a import b` gives a and a.b."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} line {node.lineno}: imports are absolute here"
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def packages(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_module_of_the_library_has_its_place_in_the_order():
    assert {path.stem for path in LPVAE} - {"__init__"} == set(ORDER)


@pytest.mark.parametrize("path", LPVAE, ids=label)
def test_a_module_imports_only_modules_before_it(path):
    before = ORDER[: ORDER.index(path.stem)] if path.stem in ORDER else ()
    ours = {parts[1] for name in imports(path) if len(parts := name.split(".")) > 1 and parts[0] == "lpvae"}
    assert ours <= set(before)


@pytest.mark.parametrize("path", LPVAE, ids=label)
def test_the_library_knows_nothing_of_the_explorer_or_its_frameworks(path):
    assert not packages(path) & {"explorer", "streamlit", "plotly"}


@pytest.mark.parametrize("library, owner", [("faiss", "codes"), ("constriction", "message"), ("umap", "projection"), ("numba", "tours"), ("safetensors", None)])
def test_a_library_has_its_one_place(library, owner):
    users = {path.stem for path in LPVAE + EXPLORER if library in packages(path)}
    # a benchmark compares with the bare library
    assert users - {"bench"} == ({owner} if owner else {"bundle", "train"})


def test_nothing_unpickles():
    for path in LPVAE + EXPLORER:
        assert not packages(path) & {"pickle", "joblib", "dill", "cloudpickle"}, path
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            name = ast.unparse(call.func)
            assert name != "torch.load", path
            if name == "np.load":
                assert "allow_pickle=False" in ast.unparse(call), path


def test_only_costs_knows_log_2():
    assert {path for path in LPVAE + EXPLORER if knows_log_2(path)} == {ROOT / "lpvae" / "costs.py"}


def knows_log_2(path: Path) -> bool:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr in ("log2", "LN2", "LOG2E"):
            return True
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            if abs(node.value - 0.6931) < 1e-3 or abs(node.value - 1.4427) < 1e-3:
                return True
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("log") and node.args:
            if isinstance(node.args[0], ast.Constant) and node.args[0].value == 2:
                return True
    return False


def test_the_explorers_views_and_figures_do_no_torch_mathematics():
    views = sorted((ROOT / "explorer" / "views").glob("*.py"))
    assert views, "explorer/views holds no module"
    for path in [*views, ROOT / "explorer" / "figures.py"]:
        assert "torch" not in packages(path), path


def test_figures_know_no_streamlit():
    assert "streamlit" not in packages(ROOT / "explorer" / "figures.py")
