import pytest
import torch


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Small matrices gain nothing from threads, and lose much where another program wants the cores too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
