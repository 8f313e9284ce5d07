"""The wire format, both ways, as pure functions: nothing in here opens a connection or looks at a clock.

Every reader takes whatever bytes arrived and gives a value; none of them raises. Where the contract and the bytes
disagree, the reader takes the answer that cannot lose money: an unclear submit, a cost that is unknown.
"""
