"""Vectors are optional: made while an index is built, kept where a text has not changed, and never needed.

The encoder is a tiny random one, so nothing is claimed of what it finds; `helplens learn ranking` measures that.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bot import training
from bot.evaluation.retrieval import Case
from bot.knowledge.encoder import FolderEncoder, encoder_of
from bot.knowledge.fusion import Query
from bot.knowledge.index import Index, build
from bot.knowledge.ranker import ranker_of
from bot.knowledge.ranking import rank
from handlers.cli import app
from tests.centre import screen, write
from tests.tiny_encoder import make

DECLINED = screen("Settings", "Billing", "Your card was declined", "Card number", "Save card")
SHOWN = Query(screens=(DECLINED,))


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> tuple[FolderEncoder, FolderEncoder]:
    """Two encoders."""
    folder = tmp_path_factory.mktemp("encoders")
    return FolderEncoder(make(folder / "one", 1)), FolderEncoder(make(folder / "two", 2))


def test_a_text_has_one_vector_whatever_is_encoded_beside_it(encoders: tuple[FolderEncoder, FolderEncoder]) -> None:
    texts = ["save card", "open settings and click replace card, then type the card number", "coupon"]
    together = encoders[0].encode(texts)
    alone = np.concatenate([encoders[0].encode([text]) for text in texts])
    assert (together * alone).sum(axis=1).min() > 0.999
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert not np.allclose(together, encoders[1].encode(texts), atol=0.1)
    assert encoders[0].encode(["card " * 5000]).shape == (1, 32), "a long text is cut, not refused"


async def test_only_passages_whose_text_is_new_are_encoded(
    tmp_path: Path, encoders: tuple[FolderEncoder, FolderEncoder]
) -> None:
    centre = write(tmp_path / "centre")
    first = await build(centre, tmp_path / "kb", encoder=encoders[0])
    before = Index.open(tmp_path / "kb", encoders[0])
    assert first.encoded == first.passages
    assert (await build(centre, tmp_path / "kb", encoder=encoders[0])).encoded == 0
    (centre / "team" / "invite.md").write_text("# Invite a colleague\n\nAsk an **Administrator**.\n", "utf-8")
    (centre / "billing" / "coupons.md").rename(centre / "a-coupon.md")
    assert (await build(centre, tmp_path / "kb", encoder=encoders[0])).encoded == 1
    after = Index.open(tmp_path / "kb", encoders[0])
    assert before.meaning is not None and after.meaning is not None
    for old, new in (("billing/coupons.md", "a-coupon.md"), ("files/upload.md", "files/upload.md")):
        assert np.array_equal(vectors(before, old), vectors(after, new))
    assert (await build(centre, tmp_path / "kb", encoder=encoders[1])).encoded == first.passages


def vectors(index: Index, article: str) -> np.ndarray:
    """The vectors of an article's passages."""
    assert index.meaning is not None
    return index.meaning.vectors[index.passages_of(index.articles.index(article))]


async def test_an_index_with_vectors_is_ranked_by_them_where_their_encoder_is_at_hand(
    tmp_path: Path, encoders: tuple[FolderEncoder, FolderEncoder]
) -> None:
    centre = write(tmp_path / "centre")
    await build(centre, tmp_path / "plain")
    await build(centre, tmp_path / "kb", encoder=encoders[0])
    words = rank(Index.open(tmp_path / "plain"), SHOWN)
    meant = Index.open(tmp_path / "kb", encoders[0])
    assert meant.by_words_alone == ""
    assert "meaning" in ranker_of(meant).names
    assert rank(meant, SHOWN).hits[0].passage.article == "billing/replace-card.md"
    assert rank(meant, SHOWN).confidence != words.confidence
    for other, why in ((None, "not at hand"), (encoders[1], f"not of {encoders[1].name}")):
        index = Index.open(tmp_path / "kb", other)
        assert why in index.by_words_alone
        assert rank(index, SHOWN) == words
    assert "no vectors" in Index.open(tmp_path / "plain", encoders[0]).by_words_alone
    assert rank(Index.open(tmp_path / "plain", encoders[0]), SHOWN) == words


def test_the_owner_names_an_encoder_and_figures_are_printed_twice(
    tmp_path: Path, encoders: tuple[FolderEncoder, FolderEncoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(tmp_path / "named", 3)
    monkeypatch.setenv("HELPLENS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HELPLENS_ENCODER", str(folder))
    centre, kb = write(tmp_path / "centre"), str(tmp_path / "kb")
    cases = tmp_path / "cases.jsonl"
    cases.write_text('{"image": null, "question": "use a coupon code", "expect": ["billing/coupons.md"]}\n', "utf-8")
    report = said("kb", "build", str(centre), "--to", kb, "--json")[0]
    assert report["encoded"] == report["passages"]
    figures = said("eval", "retrieval", str(cases), "--kb", kb, "--json")
    assert [f["fusion"] for f in figures] == ["best by words", "best"]
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "retrieval.jsonl").write_text(cases.read_text())
    released = {f["figure"] for f in said("eval", "release", str(tmp_path / "release"), "--kb", kb, "--json")}
    assert {"recall@1", "recall@1, by words", "MRR, by words"} <= released
    monkeypatch.delenv("HELPLENS_ENCODER")
    assert [f["fusion"] for f in said("eval", "retrieval", str(cases), "--kb", kb, "--json")] == ["best"]


async def test_the_ranking_is_learned_twice_where_all_have_vectors(
    tmp_path: Path, encoders: tuple[FolderEncoder, FolderEncoder]
) -> None:
    shown = {
        "billing/replace-card.md": DECLINED,
        "files/upload.md": screen("Documents", "File is too large", "Upload document"),
        "team/invite.md": screen("Team members", "Send invitation", "Role"),
    }
    cases = [Case(expect=(article,)) for article in shown]
    asked = [Query(screens=(seen,)) for seen in shown.values()]
    products = []
    for name in ("one", "two", "three"):
        await build(write(tmp_path / name), tmp_path / f"{name}-kb", encoder=encoders[0])
        index = Index.open(tmp_path / f"{name}-kb", encoders[0])
        products.append(training.with_strangers(training.measure(name, index, cases, asked), [("other", asked)]))
    ranker = training.learn(products, lambda line: None)
    assert ranker.with_vectors is not None
    assert set(ranker.with_vectors.names) - set(ranker.names) == {"meaning"}
    assert "gain at 1 by vectors" in (ranker.with_vectors.card or {})
    ranker.write(tmp_path / "one-kb" / "ranking.json")
    learned = Index.open(tmp_path / "one-kb", encoders[0])
    assert ranker_of(learned).card == ranker.with_vectors.card
    assert ranker_of(Index.open(tmp_path / "one-kb")).card == ranker.card
    assert rank(learned, SHOWN).hits[0].passage.article == "billing/replace-card.md"


def said(*arguments: str) -> list[dict[str, object]]:
    """What a command prints for machines."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def test_what_is_no_encoder_is_refused_in_words(tmp_path: Path) -> None:
    assert encoder_of(None) is None
    with pytest.raises(ValueError, match=r"config\.json"):
        encoder_of(str(tmp_path))
