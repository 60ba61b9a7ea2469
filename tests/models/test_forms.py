"""What was found to match once is let through again, what does not match never is, and memory stays bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.interactions import forms
from models.interactions.forms import Form

texts = st.lists(st.text("ab1", max_size=3), max_size=20)


@given(texts)
def test_a_form_remembers_and_is_never_fooled(found: list[str]) -> None:
    form = Form(r"[ab]+\Z")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forms, "REMEMBERED", 3)
        for text in found:
            if text and "1" not in text:
                form.hold(text)
                form.hold({text: "any"})
            else:
                with pytest.raises(ValueError, match="form"):
                    form.hold(text)
                with pytest.raises(ValueError, match="form"):
                    form.hold({"a": 0, text: 1})
            assert len(form.known) <= 3
            assert all(known and "1" not in known for known in form.known)
