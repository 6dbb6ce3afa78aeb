"""How the answers depend on the inputs: shuffles, partial dependence, accumulated effects, interactions.

`picture` is the way in. `exchange` asks the model about made-up rows; `permutation`, `partial`, `dependence` compute;
`grids` and `quality` serve them; `figures` writes.
"""
