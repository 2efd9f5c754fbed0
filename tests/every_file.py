"""One test over many files, which lists every offender: thousands of tests of a millisecond each take minutes."""


def for_each(paths, name_of):
    """Decorates a test of one file: it becomes one of all, whose message has a line for each file that fails."""

    def over_all(test):
        def of_all_files():
            assert paths
            failed = []
            for path in paths:
                try:
                    test(path)
                except AssertionError as error:
                    failed.append(f"{name_of(path)}: {error}")
            assert not failed, "\n".join(failed)

        of_all_files.__name__, of_all_files.__doc__ = test.__name__, test.__doc__
        return of_all_files

    return over_all
