"""Condition expressions, each with DynamoDB's verdict: facts from AWS's guide and from test suites
of other implementations that run against AWS.

Names and values are those of ``tests.update_expressions``; the legal conditions hold for its
``ITEM``, or do not hold for it, as they are listed.
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
""".strip("\n").split("\n")
TRUE_CONDITIONS += [
    "\tn\r\n=\n:n\t",
    "n" + " " * 4091 + "= :n",
    "n IN (" + ",".join([":m"] * 99 + [":n"]) + ")",
    " OR ".join(["n=:n"] * 140),
    "n = :n" + " OR (n = :n" * 140 + ")" * 140,
    "(NOT " * 146 + "n = :n" + ")" * 146,
    "NOT " * 200 + "n = :n",
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

ILLEGAL_CONDITIONS = [
    "",
    " ",
    "n",
    ":n",
    "#n",
    "(n)",
    "n =",
    "= :n",
    "n :n",
    "n == :n",
    "n != :n",
    "n => :n",
    "n =< :n",
    "n < > :n",
    "n <= = :n",
    "n = :n = :m",
    "n < m < :m",
    "n = :n,",
    "n = :n m = :n",
    "n = 5",
    "n > 4",
    "n = 'x'",
    'n = "x"',
    "n = n + :n",
    "n + :one = :n",
    "n = -:n",
    "n & :n",
    "n = :n && m = :m",
    "n = :n || m = :m",
    "!(n = :n)",
    "n like :s",
    "n is null",
    "things are not ok",
    "n = :n AND",
    "AND n = :n",
    "n = :n OR",
    "OR n = :n",
    "n = :n AND OR m = :m",
    "n = :n AND AND m = :m",
    "NOT",
    "NOT n",
    "n NOT = :n",
    "n NOT IN (:n)",
    "n = NOT :n",
    "n = :n NOT",
    "(n = :n",
    "n = :n)",
    "()",
    "() = :n",
    ")n = :n(",
    "(n = :n))",
    "((n = :n)",
    "((n = :n))",
    "(((n = :n)))",
    "((n)) = :n",
    "n = ((:n))",
    "n > ((m))",
    "(((map.deep)).x) = :n",
    "((n = :n AND m = :m))",
    "n = :n AND ((m = :m OR n = :n)) AND n = :m",
    "n = :n OR ((n = :n OR (n = :n OR n = :m)))",
    "(NOT ((n = :n)))",
    "((size(s))) = :n",
    "size((((s)))) = :n",
    "attribute_exists(((n)))",
    "n BETWEEN :n",
    "n BETWEEN :n AND",
    "n BETWEEN :n :m",
    "n BETWEEN (:n AND :m)",
    "n BETWEEN :n, :m",
    "n BETWEEN AND :m",
    "BETWEEN :n AND :m",
    "n BETWEEN :m AND :n",
    "n BETWEEN :z AND :s",
    "n BETWEEN :n AND :s",
    "n BETWEEN :s AND :b",
    "n BETWEEN :l AND :l",
    "n BETWEEN :bool AND :bool",
    "n BETWEEN :ss AND m",
    "n BETWEEN m AND :map",
    "n BETWEEN :n AND attribute_exists(m)",
    "(n)between(map.(deep.x))and(:m)",
    "(n)between(:n)and((:m)",
    "n > between",
    "n IN",
    "n IN ()",
    "n IN :n",
    "n IN m",
    "n IN :n, :m",
    "n IN (:n",
    "n IN (:n,)",
    "n IN (,:n)",
    "n IN (:n :m)",
    "n IN ((:n, :m))",
    "n IN (:n, attribute_exists(m))",
    "IN (:n)",
    "n IN (" + ",".join([":n"] * 101) + ")",
    "n < :l",
    "n <= :map",
    "n > :ss",
    "n >= :bool",
    ":null < n",
    ":ns > n",
    ":bs >= n",
    "n = n",
    "n <> #n",
    "n < n",
    "(n) >= (n)",
    "map.deep = map.#deep",
    "list[0] = list[0]",
    "((n=n) OR (m=:m))",
    "contains(map.deep, map.#deep)",
    "begins_with(s, s)",
    "attribute_type(n, #n)",
    "attribute_exists(:n)",
    "attribute_exists()",
    "attribute_exists(n, m)",
    "attribute_exists(size(s))",
    "attribute_exists(n) = :bool",
    "attribute_exists(n) > :n",
    "n = attribute_exists(n)",
    "attribute_exists n",
    "attribute_exists(n",
    "ATTRIBUTE_EXISTS(n)",
    "Attribute_exists(n)",
    "attribute_not_exists(:n)",
    "attribute_not_exists(size(:s))",
    "attribute_not_exists(n, m)",
    "attribute_not_exists(n) < :n",
    "attribute_type(n)",
    "attribute_type(n, s)",
    "attribute_type(n, N)",
    "attribute_type(n, size(s))",
    "attribute_type(n, :DOG)",
    "attribute_type(n, :s)",
    "attribute_type(n, :n)",
    "attribute_type(n, :b)",
    "attribute_type(n, :bool)",
    "attribute_type(n, :ss)",
    "attribute_type(n, :l)",
    "attribute_type(n, :N, :S)",
    "attribute_type(n, :N) > m",
    "begins_with(s)",
    "begins_with(s, :s, :s)",
    "begins_with(s :s)",
    "begins_with(s, :n)",
    "begins_with(s, :bool)",
    "begins_with(s, :null)",
    "begins_with(s, :l)",
    "begins_with(s, :map)",
    "begins_with(s, :ss)",
    "begins_with(s, :ns)",
    "begins_with(s, :bs)",
    "begins_with(:n, s)",
    "begins_with(:l, s)",
    "begins_with(s, size(list))",
    "begins_with(size(list), s)",
    "begins_with(s, :s) = :bool",
    "BEGINS_WITH(s, :s)",
    "contains(s)",
    "contains(s, :s, :s)",
    "contains(s, s)",
    "contains(s, :s) > m",
    "CONTAINS(s, :s)",
    "contains(attribute_exists(n), :s)",
    "size(s)",
    "NOT size(s)",
    "size(s) AND n = :n",
    "size(s, n) > :n",
    "size() > :n",
    "size(:n) > :n",
    "size(:bool) > :n",
    "size(:null) > :n",
    "size(size(s)) > :n",
    "size(contains(s, :s)) > :n",
    "SIZE(s) > :n",
    "Size(s) > :n",
    "size(s).x > :n",
    "(size(s)).x > :n",
    "size(s)[0] > :n",
    "(size(s))[0] > :n",
    "if_not_exists(n, m) = :n",
    "list_append(list, list) = :l",
    "f(n) = :n",
    "exists(n)",
    "n = f(m)",
    "n = :undefined",
    "#undefined = :n",
    "attribute_exists(n.#undefined)",
    "size(:undefined) > :n",
    "n = :",
    "# = :n",
    "n = :n.in",
    ":map.in = :n",
    "map[:n] = :n",
    "map[#n] = :n",
    "map[n] = :n",
    "list[4.5] = :n",
    "list[-1] = :n",
    "list[00] = :n",
    "list[4294967295] = :n",
    "map..in = :n",
    "map.(in) = :n",
    "attribute_exists(n-m)",
    'attribute_exists("n.m")',
    "ü > n",
    "and = :n",
    "n = or",
    "map.not = :n",
    "n = :n -- comment",
    "n = :n\u0000",
    "n = :n\u2003",
    "n\x0b= :n",
    "SET n = :n",
    "n = :n SET m = :m",
    " OR ".join(["n=:n"] * 151),
    "NOT " * 300 + "n = :n",
    "n = :n" + " OR (n = :n" * 200 + ")" * 200,
    "(" * 200 + "n = :n" + ")" * 200,
    "(NOT " * 200 + "n = :n" + ")" * 200,
    "(" * 4096,
    "n < " + "f(" * 1300 + "m" + ")" * 1300,
    "n < " + "size(" * 680 + "m" + ")" * 680,
    "n" + " " * 4092 + "= :n",
    "n = :n" + " AND n = :n" * 400,
]
