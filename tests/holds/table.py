"""A stand-in for DynamoDB that returns to every call the items that a case has stored."""

import json
import zlib
from dataclasses import dataclass

import orjson

from tests.fastpath.scripted import ScriptedServer, http_response
from tests.holds.meter import Meter
from tests.holds.parts import KEY

OK = "200 OK"
BAD_REQUEST = "400 Bad Request"
LARGE_BYTES = 10_000
ERROR = "com.amazonaws.dynamodb.v20120810#"


@dataclass
class Table:
    """What the next calls find: one item under every key, and whether conditions hold."""

    meter: Meter
    item: bytes | None = None
    conditions_hold: bool = True

    def respond(self, request):
        self.meter.others_run()
        target = request.headers.get("X-Amz-Target", "")
        if not target:  # of a test that runs at the same time and had this port before
            yield http_response(b"{}", BAD_REQUEST)
            return
        status, body = getattr(self, target.partition(".")[2])(request)
        yield http_response(body, status, x_amz_crc32=str(zlib.crc32(body)))

    def GetItem(self, _request):  # noqa: N802 - the operation's name
        return OK, (b"{}" if self.item is None else b'{"Item":%s}' % self.item)

    def PutItem(self, _request):  # noqa: N802 - the operation's name
        if not self.conditions_hold:
            return self._condition_failed()
        return OK, (b"{}" if self.item is None else b'{"Attributes":%s}' % self.item)

    UpdateItem = DeleteItem = PutItem

    def Query(self, request):  # noqa: N802 - the operation's name
        """Return 1 MB of the item, or as many as the call may return."""
        most = orjson.loads(request.body)["Limit"]
        item = self.item or b"{}"
        count = min(most, 2 if len(item) > LARGE_BYTES else 1001)
        return OK, b'{"Items":[%s],"ScannedCount":%d,"LastEvaluatedKey":{%s}}' % (
            b",".join([item] * count),
            count,
            KEY,
        )

    Scan = Query

    def TransactGetItems(self, request):  # noqa: N802 - the operation's name
        found = b"{}" if self.item is None else b'{"Item":%s}' % self.item
        count = len(orjson.loads(request.body)["TransactItems"])
        return OK, (b'{"Responses":[%s]}' % b",".join([found] * count))

    def TransactWriteItems(self, request):  # noqa: N802 - the operation's name
        if self.conditions_hold:
            return OK, (b"{}")
        reason = b'{"Code":"ConditionalCheckFailed","Item":%s,"Message":"x"}' % self.item
        count = len(orjson.loads(request.body)["TransactItems"])
        body = b'{"__type":"%sTransactionCanceledException","CancellationReasons":[%s]}' % (
            ERROR.encode(),
            b",".join([reason] * count),
        )
        return BAD_REQUEST, body

    def _condition_failed(self):
        members = {"__type": f"{ERROR}ConditionalCheckFailedException", "message": "x"}
        return BAD_REQUEST, json.dumps(members).encode()[:-1] + b',"Item":%s}' % self.item


def serving(table: Table) -> ScriptedServer:
    return ScriptedServer(table.respond)
