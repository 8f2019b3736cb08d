"""Updates that DynamoDB accepts for ``ITEM``: facts from AWS's guide and from test suites of other
implementations that run against AWS.
"""

LEGAL_UPDATES = """
SET fresh = :n
set fresh = :n
sEt fresh=:n
   SET   fresh   =   :n
SET fresh = :n, fresh2 = :m
SET n = n + :one
SET n = :one + n
SET n = n - :one
SET n = :m - :one
SET n = :m+:one
SET n=n-m
SET fresh = n + m
SET n = n + n
SET fresh = (n - :one)
SET fresh = (if_not_exists(n, :one) + :one)
SET fresh = if_not_exists(n, :one) + :one
SET fresh = :one + if_not_exists(gone, :one)
SET fresh = if_not_exists(n, :one) - if_not_exists(gone, :one)
SET fresh = (n)
SET fresh = (:n)
SET fresh = (n) + (:one)
SET fresh = ((n) + (:one))
SET fresh = ((map.#in)+(n))
SET fresh = (n) - :one
SET fresh = n - (:one)
SET fresh = if_not_exists(fresh, :n)
SET fresh = if_not_exists(gone, if_not_exists(n, :one))
SET fresh = if_not_exists(gone, if_not_exists(gone2, if_not_exists(gone3, :one)))
SET fresh = if_not_exists(gone, n)
SET fresh = if_not_exists((gone), (:n))
SET fresh = (if_not_exists(gone, :n))
SET fresh = if_not_exists(map.gone, :n)
SET fresh = if_not_exists (gone, :n)
SET fresh = if_not_exists(gone,:n)
SET fresh = if_not_exists(gone, (if_not_exists(gone2, (:n))))
SET n = if_not_exists(n, :null)
SET list = list_append(list, :l)
SET list = list_append(:l, list)
SET list = list_append(list, list)
SET list = list_append(list, more)
SET list = list_append((list), (:l))
SET fresh = list_append(:l, :l)
SET fresh = list_append(if_not_exists(gone, :l), :l)
SET fresh = list_append(:l, if_not_exists(gone, :l))
SET fresh = list_append(if_not_exists(gone, :l), if_not_exists(list, :l))
SET fresh = (list_append(list, more))
SET list[0] = :n
SET list[1] = :n, list[0] = :m
SET list[ 1 ] = :n
SET list [1] = :n
SET list[7] = :n
SET list[4294967294] = :n
SET fresh = list[0]
SET map.fresh = :n
SET map . fresh = :n
SET map.#in = :n
SET map.deep.x[0].y = :n
SET map.#deep.x[0].fresh = map.deep.x[0].y + :one
SET map.fresh = :n, map.other = :m REMOVE map.#in
SET #s = :n
SET #dotted = :n
SET #0 = :n, #123a = :n, #_ = :n
SET #s = #n + :one
SET #bracket = :n
SET #SET = :n
SET #S = :n, #s = :m
SET fresh = :123, fresh2 = :_, fresh3 = :Alpha_Num_1
SET Alpha_Num_1 = :n
SET settled = :n, added = :n
SET fresh = Id
SET fresh = #Id + :one
SET n = n
SET fresh = s, s = t
SET fresh = :s, fresh2 = :b, fresh3 = :bool, fresh4 = :null, fresh5 = :l, fresh6 = :map
SET fresh = :ss, fresh2 = :ns, fresh3 = :bs
SET fresh = :empty
SET size = :n
SET name = :n, #s = :m
REMOVE s
remove s, t
REMOVE gone
REMOVE list[0]
REMOVE list[0], list[2]
REMOVE list[17]
REMOVE map.#in
REMOVE map.deep.x[0].y
REMOVE #s,#dotted
ADD n :one
add n :neg
ADD fresh :one
ADD tags :ss
ADD nums :ns
ADD fresh :bs
ADD n :one, m :one, tags :ss
ADD map.#in :one
ADD #s :one
DELETE tags :ss
delete nums :ns
DELETE gone :ss
DELETE fresh :bs
DELETE tags :ss, nums :ns
SET fresh = :n REMOVE s
REMOVE s SET fresh = s
SET fresh = n REMOVE n
SET fresh = :n REMOVE s ADD n :one DELETE tags :ss
DELETE tags :ss ADD n :one REMOVE s SET fresh = :n
remove s Add n :one sET fresh=:n delete tags :ss
SET fresh=:n REMOVE s ADD m :one
ADD n :one SET fresh = :m
ADD tags :ss SET fresh = :m REMOVE s
ADD tags :ss SET n = n - :one, fresh = :m REMOVE s
REMOVE s, t, b
REMOVE map.#list[0]
SET map.#list[0] = :n, map.#in = :m
SET map.#list = list_append(map.#list, :l)
SET map.fresh = :n, map.#deep = :map
set map.fresh = :n, map.other=:m, map.#in=:l
SET map.#in = map.#in + :one
""".strip("\n").split("\n")
LEGAL_UPDATES += [
    "\tSET\r\n fresh\t=\n:n \r\n",
    "SET" + " " * 4083 + "fresh = :n",
]
