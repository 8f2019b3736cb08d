"""Conditions that DynamoDB accepts, by whether they hold for ``ITEM``: facts from AWS's guide and
from test suites of other implementations that run against AWS.
"""

TRUE_CONDITIONS = """
n = :n
n=:n
  n   =   :n
n <> :m
n < :m
n <= :n
n > :one
n >= :n
:n = n
:m > n
:n = :n
:n <= :n
:s <> :m
n < m
map.#in = n
Id = #Id2
s > :s
b = :b
flag = :bool
nil = :null
map.deep <> :map
tags <> :ss
list[0] = :one
list[ 0 ] = :one
list [0] = :one
map . deep . x [0] . y = :one
map.deep.x[0].y = :one
#s = :one
#dotted = :one
attribute_not_exists(#bracket)
(n) = :n
(n) = (:n)
(n = :n)
((n) = :n)
((n) = (:n))
(map).#in = :n
(map.deep).x[0].y = :one
((map.deep).x[0].y) = :one
(size(list)) = (size(s)) OR n = :n
n BETWEEN :one AND :m
n between :n and :n
n BeTwEeN :one AnD :m
(n) between (:one) and (:m)
(n)between(:one)and(:m)
n BETWEEN :one AND m
n BETWEEN m AND :m OR n = :n
:n BETWEEN :one AND :m
s BETWEEN :empty AND :z
b BETWEEN :b AND :b
size(s) BETWEEN :one AND :m
n BETWEEN :one AND :m AND m = m2 OR n = :n
n IN (:n)
n in (:m, :n)
n IN (:s, :n)
n IN (m, n2, :n)
n IN(:n)
(n) IN ((:n), (m))
:n IN (n, m)
size(list) IN (:m, :three)
attribute_exists(n)
attribute_exists (n)
attribute_exists((n))
attribute_exists(map.deep.x[0])
attribute_exists(list[2])
attribute_not_exists(list[4294967294])
attribute_not_exists(gone)
attribute_not_exists(map.gone)
attribute_exists(Name) AND attribute_exists(#Id)
attribute_type(n, :N)
attribute_type(s, :S)
attribute_type(:n, :N)
attribute_type((n), (:N))
begins_with(s, :s)
begins_with(s, t)
begins_with((s), (:s))
begins_with(b, :b)
begins_with(:s, :empty)
begins_with(s, :empty)
contains(s, :s)
contains(tags, :a)
contains(nums, :one)
contains(list, :one)
contains(b, :b)
contains((tags), (:a))
contains(s, t)
NOT contains(tags, :z)
not contains(list, :l)
size(s) = :four
size(list) > :one
size (list) > :one
size(tags) < n
size(map) >= size(tags)
size(s) = size(s)
size(:s) > :one
size(:l) = :one
size(:map) = :one
size(:ss) = :one
size(:b) <> :one
:one < size(s)
size((s)) = :four
n = :n AND m > :n
n = :n and m > :n
n = :m OR m > :n
n = :m oR m > :n
NOT n = :m
not n = :m
NOT (n = :m)
NOT(n = :m)
NOT NOT n = :n
NOT NOT NOT n = :m
NOT n = :m AND m > :n
NOT n = :m OR n = :m
NOT (n = :m OR m < :n)
NOT (n = :m) AND NOT (m < :n)
n = :n OR n = :m AND m < :n
(n = :n OR n = :m) AND m > :n
((n = :n) AND (m > :n))
((n = :n OR n = :m) AND (m > :n))
(n = :n) AND (m > :n)
(NOT (n = :m))
(NOT n = :m) AND (NOT (NOT n = :n))
n = :n AND (m > :n AND (m > :n AND m <> n))
n = :n AND(m > :n)OR(n = :m)
gone <> :n
gone <> gone2
NOT gone = gone2
size(gone) <> :n
status = :one
size = :n OR n = :n
contains = :n OR n = :n
(n IN (:n, :m)) and (m between :n and :m)
attribute_exists(map.deep)
contains(tags, :a) and n <= :n
map.#in <= :m
map.#in = :n
m < :m AND n = :n
n = :n AND settled = :one
n = :n AND n <= :m
n = :n AND m < :m
n = :n AND m >= :n
n = :n AND m BETWEEN :n AND :m
n >= :one AND n <= :m
n = :n AND begins_with(s, :s)
n = :n and m2 <> :m and map.#in = :n
n = :n and settled = :one and map.#in = :n
n = :n AND settled = :one AND Alpha_Num_1 = :one
size(map.deep) >= :one
size(map.label) > :one
begins_with(map.label, :s)
contains(map.label, :s)
size(map.deep.x) > :neg
""".strip("\n").split("\n")
TRUE_CONDITIONS += [
    "\tn\r\n=\n:n\t",
    "n" + " " * 4091 + "= :n",
    "n IN (" + ",".join([":m"] * 99 + [":n"]) + ")",
    " OR ".join(["n=:n"] * 140),
    "n = :n" + " OR (n = :n" * 140 + ")" * 140,
    "(NOT " * 146 + "n = :n" + ")" * 146,
    "NOT " * 200 + "n = :n",
    f"attribute_not_exists(n{'.x' * 31})",
    f"attribute_not_exists((n{'[0]' * 30}).x)",
]

FALSE_CONDITIONS = """
n = :m
n = :s
n <> :n
n < :n
n > :z
s < :n
list = :l
tags = :ss
n BETWEEN :m AND :m
n BETWEEN :s AND :z
n BETWEEN m AND :one
gone BETWEEN :n AND :m
n IN (:m, m)
gone IN (:n)
gone = :n
gone < :n
gone = gone2
attribute_exists(gone)
attribute_exists(map.deep.y)
attribute_not_exists(n)
attribute_type(n, :S)
attribute_type(gone, :N)
attribute_type(:s, :N)
begins_with(n, :s)
begins_with(s, :z)
begins_with(gone, :s)
contains(tags, :z)
contains(n, :s)
contains(s, :one)
size(n) = :one
size(s) = :s
size(gone) > :n
NOT n = :n
NOT n = :n AND n = :m
NOT (n = :n OR n = :m)
n = :m AND n = :n OR n = :m
n = :n AND (n = :m OR m < :n)
""".strip("\n").split("\n")
