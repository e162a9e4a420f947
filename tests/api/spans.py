"""python spans.py FOLDER: is each file there an ExportTraceServiceRequest, by OpenTelemetry's own definition?"""
import base64
import pathlib
import re
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

# OTLP writes these as hex, where protobuf's JSON has base64.
IDS = re.compile('"(traceId|spanId|parentSpanId)":"([0-9a-f]+)"')


def as_protobuf(text):
    return IDS.sub(lambda found: f'"{found[1]}":"{base64.b64encode(bytes.fromhex(found[2])).decode()}"', text)


def main(folder):
    counts = {}
    for file in pathlib.Path(folder).glob("*.json"):
        request = json_format.Parse(as_protobuf(file.read_text()), ExportTraceServiceRequest())
        for span in (each for resource in request.resource_spans for scope in resource.scope_spans for each in scope.spans):
            assert len(span.trace_id) == 16 and len(span.span_id) == 8 and len(span.parent_span_id) in (0, 8), span
            assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano and 0 < span.kind <= 5 and span.name, span
            counts[span.name] = counts.get(span.name, 0) + 1
    print(f"{sum(counts.values())} spans of {len(counts)} names are as OpenTelemetry defines them")
    return 0 if {"lookup", "fill", "store", "invalidate"} <= counts.keys() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
