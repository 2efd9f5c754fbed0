"""`gl.measures.ALL` is every measure, once."""

import groklens as gl


def test_all_is_every_measure_once():
    names = [each.__name__ for each in gl.measures.ALL]
    assert len(set(names)) == len(names) > 60
    single = {found[0].__name__ for found in gl.measures.names_of_measures().values() if len(found) == 1}
    assert set(names) == single
    assert {"llc", "moved", "activation_spectrum", "test_loss", "rebuilt_accuracy"} <= set(names)
    assert all(each.about.long_name and each.about.source and each.__doc__ for each in gl.measures.ALL)
