"""The work beside the questions: easy to check, tied to its questions, and as long as it says."""

import hashlib

import pytest

from annotations.challenges.unseen import work

EASY = work.Work("questions", bits=8, pieces=3)


def test_who_does_it_is_believed() -> None:
    work.check(EASY, work.do(EASY))
    work.check(EASY, [int(number) for number in work.do(EASY)])


def test_a_digest_begins_with_as_many_zeros_as_were_asked_for() -> None:
    digest = hashlib.sha256(f"questions:1:{work.do(EASY)[1]}".encode()).digest()
    assert digest[0] == 0


def test_it_takes_about_as_many_tries_as_it_says() -> None:
    """Of a hundred pieces of 2^8 tries; their mean has a standard error of a tenth."""
    many = work.Work("a", bits=8, pieces=100)
    assert sum(int(number) + 1 for number in work.do(many)) == pytest.approx(work.tries(many), rel=0.4)


@pytest.mark.parametrize("raw", [None, "", [], ["1", "2"], ["1", "2", "3", "4"], 5])
def test_work_that_is_missing_is_not_done(raw: object) -> None:
    with pytest.raises(work.NoWork, match="not done yet"):
        work.check(EASY, raw)


@pytest.mark.parametrize("number", ["-1", "1.5", "²", "", "0" * 13, "٣", None])
def test_what_is_no_number_proves_nothing(number: object) -> None:
    with pytest.raises(work.NoWork):
        work.check(EASY, [number, *work.do(EASY)[1:]])


def test_the_work_for_other_questions_and_of_other_pieces_proves_nothing() -> None:
    done = work.do(EASY)
    for other, sent in ((work.Work("others", bits=8, pieces=3), done), (EASY, done[::-1]), (EASY, [done[0]] * 3)):
        with pytest.raises(work.NoWork):
            work.check(other, sent)


def test_its_text_fits_one_block_as_the_browsers_half_takes_for_granted() -> None:
    longest = f"{'f' * 32}:{work.PIECES - 1}:{'9' * work.LONGEST}"
    assert len(longest) < 56


@pytest.mark.parametrize("wrong", [0, 1, 2])
@pytest.mark.parametrize("said", ["x", "999999999999"])
def test_all_of_it_is_looked_at_wherever_it_is_not_done(monkeypatch, wrong: int, said: str) -> None:
    """How long it takes tells nobody which piece was wrong, and a wrong one is no way to make it cheaper or dearer."""
    sent, digests = work.do(EASY), []
    sent[wrong] = said
    plain = hashlib.sha256
    monkeypatch.setattr(work.hashlib, "sha256", lambda text: digests.append(text) or plain(text))
    with pytest.raises(work.NoWork):
        work.check(EASY, sent)
    assert len(digests) == EASY.pieces
