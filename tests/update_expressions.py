"""Update expressions, each with DynamoDB's verdict: facts from AWS's guide and from test suites of
other implementations that run against AWS.

The legal ones suit ``ITEM``, so that an engine applies them.
"""

ITEM = {
    "n": {"N": "5"},
    "m": {"N": "7"},
    "s": {"S": "text"},
    "t": {"S": "te"},
    "b": {"B": "aGk="},
    "flag": {"BOOL": True},
    "nil": {"NULL": True},
    "list": {"L": [{"N": "1"}, {"N": "2"}, {"S": "x"}]},
    "more": {"L": [{"N": "4"}]},
    "map": {"M": {"in": {"N": "5"}, "deep": {"M": {"x": {"L": [{"M": {"y": {"N": "1"}}}]}}}}},
    "tags": {"SS": ["a", "b"]},
    "nums": {"NS": ["1", "2"]},
    "Alpha_Num_1": {"N": "1"},
    "settled": {"N": "1"},
    "a.b": {"N": "1"},
    "status": {"N": "1"},
    "id_copy": {"N": "7"},
}
NAMES = {
    "#s": "status",
    "#S": "Status",
    "#dotted": "a.b",
    "#in": "in",
    "#deep": "deep",
    "#0": "zero",
    "#123a": "one",
    "#_": "under",
    "#n": "n",
    "#list": "list",
    "#bracket": "[0]",
    "#SET": "SET",
    "#empty": " ",
    "#Id": "Id",
    "#Id2": "id_copy",
}
VALUES = {
    ":n": {"N": "5"},
    ":m": {"N": "9"},
    ":one": {"N": "1"},
    ":three": {"N": "3"},
    ":four": {"N": "4"},
    ":neg": {"N": "-1"},
    ":s": {"S": "te"},
    ":z": {"S": "z"},
    ":a": {"S": "a"},
    ":empty": {"S": ""},
    ":b": {"B": "aGk="},
    ":bool": {"BOOL": True},
    ":null": {"NULL": True},
    ":l": {"L": [{"N": "1"}]},
    ":map": {"M": {"in": {"N": "5"}}},
    ":ss": {"SS": ["a"]},
    ":ns": {"NS": ["1"]},
    ":bs": {"BS": ["aGk="]},
    ":S": {"S": "S"},
    ":N": {"S": "N"},
    ":DOG": {"S": "DOG"},
    ":123": {"N": "1"},
    ":_": {"N": "1"},
    ":Alpha_Num_1": {"N": "1"},
}

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
""".strip("\n").split("\n")
LEGAL_UPDATES += [
    "\tSET\r\n fresh\t=\n:n \r\n",
    "SET" + " " * 4083 + "fresh = :n",
]

ILLEGAL_UPDATES = [
    "",
    " ",
    "\t\r\n",
    "SET",
    "SET ",
    "REMOVE",
    "ADD",
    "DELETE",
    "HELLO n = :n",
    "n = :n",
    "SET n",
    "SET n =",
    "SET n = ",
    "SET = :n",
    "SET n :n",
    "SET n == :n",
    "SET n = :n,",
    "SET , n = :n",
    "SET n = :n,, m = :n",
    "SET n = :n m = :n",
    "SET n = :n; REMOVE s",
    "SET n = :n, REMOVE s",
    "SET n = :n SET m = :n",
    "SET n = :n REMOVE s SET m = :n",
    "REMOVE s SET n = :n REMOVE t",
    "ADD n :one ADD m :one",
    "DELETE tags :ss SET fresh = :n DELETE nums :ns",
    "set n = :n SET m = :n",
    "SET :n = :m",
    "REMOVE :n",
    "ADD :n :m",
    "DELETE :n :ss",
    "REMOVE s t",
    "REMOVE s = :n",
    "REMOVE (s)",
    "REMOVE s.",
    "REMOVE .s",
    "REMOVE s..t",
    "REMOVE list[",
    "REMOVE list[]",
    "REMOVE list[-1]",
    "REMOVE list[1.5]",
    "REMOVE list[+1]",
    "REMOVE list[:n]",
    "REMOVE list[#n]",
    "REMOVE list[n]",
    "REMOVE list[01]",
    "REMOVE list[4294967295]",
    "REMOVE list[99999999999999999999]",
    "REMOVE list[１]",
    "REMOVE [0]",
    "REMOVE list.0",
    "ADD n",
    "ADD n m",
    "ADD n = :one",
    "ADD n :one + :one",
    "ADD n (:one)",
    "ADD n if_not_exists(m, :one)",
    "ADD n :s",
    "ADD n :b",
    "ADD n :bool",
    "ADD n :null",
    "ADD n :l",
    "ADD n :map",
    "DELETE tags",
    "DELETE tags s",
    "DELETE tags :n",
    "DELETE tags :s",
    "DELETE tags :b",
    "DELETE tags :bool",
    "DELETE tags :null",
    "DELETE tags :l",
    "DELETE tags :map",
    "SET n = n + :s",
    "SET n = n + :b",
    "SET n = :bool + n",
    "SET n = n - :null",
    "SET n = n - :l",
    "SET n = :map - n",
    "SET n = n + :ss",
    "SET n = n + :ns",
    "SET n = n + :bs",
    "SET n = :n + :m + :one",
    "SET n = (:n + :m) + :one",
    "SET n = :n + (:m + :one)",
    "SET n = ((:n + :m))",
    "SET n = (((n)))",
    "SET n = (n",
    "SET n = n)",
    "SET n = (n + :one",
    "SET n = ()",
    "SET n = n * :m",
    "SET n = n / :m",
    "SET n = -:one",
    "SET n = +n",
    "SET n = n +",
    "SET n = + ",
    "SET n = 5",
    "SET n = n + 1",
    "SET n = 'text'",
    'SET n = "text"',
    "SET (n = :n)",
    "SET (n) = :n",
    "SET n = (map.deep).x + :n",
    "SET n = :n.in",
    "SET n = :l[0]",
    "SET n = if_not_exists(:n, :m)",
    "SET n = if_not_exists(if_not_exists(n, :n), :m)",
    "SET n = if_not_exists(n)",
    "SET n = if_not_exists(n, :n, :m)",
    "SET n = if_not_exists()",
    "SET n = if_not_exists(n :n)",
    "SET n = if_not_exists(n, :n + :m)",
    "SET n = if_not_exists(n, ((:n)))",
    "SET n = if_not_exists(n, :n",
    "SET n = if_not_exist(n, :n)",
    "SET n = IF_NOT_EXISTS(n, :n)",
    "SET n = If_Not_Exists(n, :n)",
    "SET if_not_exists(n, :n) = :n",
    "SET list = LIST_APPEND(list, :l)",
    "SET list = list_append(list)",
    "SET list = list_append(list, :l, :l)",
    "SET list = list_append()",
    "SET list = list_append(list, :n)",
    "SET list = list_append(:s, list)",
    "SET list = list_append(list, :b)",
    "SET list = list_append(list, :bool)",
    "SET list = list_append(list, :null)",
    "SET list = list_append(list, :map)",
    "SET list = list_append(:ss, list)",
    "SET list = list_append(:ns, list)",
    "SET list = list_append(:bs, list)",
    "SET list = list_append(list_append(:l, :l), :l)",
    "SET list = list_append(:l, list_append(:l, :l))",
    "SET list = if_not_exists(gone, list_append(:l, :l))",
    "SET list = list_append(list, :l) + :n",
    "SET n = size(list)",
    "SET n = attribute_exists(n)",
    "SET n = f(n, m)",
    "SET n = contains(tags, :s)",
    "SET n = :n AND m = :n",
    "SET n = #undefined",
    "SET #undefined = :n",
    "SET n = :undefined",
    "SET # = :n",
    "SET n = :",
    "SET #s-x = :n",
    "SET #!s = :n",
    "SET n = :n!",
    "SET n = :n:m",
    "SET n-m = :n",
    "SET n$ = :n",
    "SET n@m = :n",
    "SET 1n = :n",
    "SET 123 = :n",
    "SET ü = :n",
    "SET n\u00a0= :n",
    "SET n = :n\u00a0",
    "SET n = :n\u0000",
    "SET n\x0c= :n",
    "SET set = :n",
    "SET n = set",
    "SET n = remove REMOVE s",
    "REMOVE add",
    "REMOVE map.delete",
    "SET n = :n, n = :m",
    "SET n = :n REMOVE n",
    "REMOVE n ADD n :one",
    "SET tags = :ss DELETE tags :ss",
    "SET #s = :n, status = :m",
    "SET map = :map, map.in = :n",
    "SET map.in = :n, map = :map",
    "SET map.in = :n, map.in = :m",
    "SET map.in = :n REMOVE map.in.x.y",
    "SET map.in.x.y = :n REMOVE map.in",
    "SET list = :l, list[1] = :n",
    "SET list[1] = :n, list[1] = :m",
    "SET list[1][1] = :n REMOVE list[1]",
    "SET map.in = :n, map[1] = :m",
    "SET map.in.x = :n, map.in[2] = :m",
    "REMOVE map.#in SET map[0] = n",
    "REMOVE " + "a" * 4090,
    "SET n = " + " + ".join([":n"] * 302),
    "SET" + " " * 4084 + "fresh = :n",
    "SET n = " + "(" * 2000,
    "SET n = " + "if_not_exists(n," * 255,
]
