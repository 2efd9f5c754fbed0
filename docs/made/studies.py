def pages(): return {}
def pictures(): return {}
