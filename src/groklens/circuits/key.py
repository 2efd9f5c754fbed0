"""The rule by which a component is key."""

from __future__ import annotations

from groklens.harmonics import ComponentName

#: Logit similarity above which a component is key: Chughtai et al. (2023), section 4. It also finds the key
#: frequencies that Nanda et al. and Zhong et al. report for their models.
KEY_SIMILARITY = 0.005


def key_by_logits(similarities: dict[ComponentName, float]) -> list[ComponentName]:
    """The non-trivial components whose logit similarity exceeds `KEY_SIMILARITY`, in the group's order."""
    return [name for name, similarity in similarities.items() if similarity > KEY_SIMILARITY]
