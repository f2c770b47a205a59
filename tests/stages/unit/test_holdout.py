"""The tenth of general text that is never trained on."""

from runtime.data.splits import is_held_out


def test_about_a_tenth_of_the_texts_is_held_out():
    held = sum(is_held_out(f"第 {number} 段文字") for number in range(5000))

    assert 430 < held < 570


def test_white_space_around_a_text_moves_it_to_no_other_side():
    texts = [f"paragraph {number}" for number in range(100)]

    assert [is_held_out(f"\n{text} \n") for text in texts] == [is_held_out(text) for text in texts]


def test_which_texts_are_held_out_never_changes():
    assert [number for number in range(40) if is_held_out(f"paragraph {number}")] == [3, 5, 9, 12, 16]
