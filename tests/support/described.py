"""Holds replies of a server against its own description: /openapi.json."""
import re

import jsonschema


class Description:
    """check(reply) fails where the reply is not one of those that its operation has."""

    def __init__(self, document):
        self.document, self.seen = document, set()
        self.patterns = [(re.compile("^" + re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + "$"), path)
                         for path in sorted(document["paths"], key=lambda path: path.count("{"))]
        self.resolver = jsonschema.RefResolver("", document)

    def resolved(self, node):
        return self.resolver.resolve(node["$ref"])[1] if "$ref" in node else node

    def operation(self, method, path):
        for pattern, known in self.patterns:
            if pattern.match(path) and method.lower() in self.document["paths"][known]:
                return known, self.document["paths"][known][method.lower()]
        raise AssertionError(f"{method} {path} is not described")

    def hold(self, value, schema, where):
        checker = jsonschema.Draft202012Validator(schema, resolver=self.resolver,
                                                  format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
        wrong = [f"{where}: {error.json_path}: {error.message}" for error in checker.iter_errors(value)]
        assert not wrong, "\n".join(wrong)

    def check(self, reply):
        method, path = reply.request.method, reply.request.path_url.split("?")[0]
        known, operation = self.operation(method, path)
        where = f"{method} {known} {reply.status_code}"
        assert str(reply.status_code) in operation["responses"], f"{where} is not described: {reply.text}"
        expected = self.resolved(operation["responses"][str(reply.status_code)])
        for name, header in expected.get("headers", {}).items():
            header = self.resolved(header)
            assert name in reply.headers or not header.get("required"), f"{where}: no {name}"
            if name in reply.headers:
                text = reply.headers[name]
                number = self.resolved(header["schema"]).get("type") == "integer"
                self.hold(int(text) if number else text, header["schema"], f"{where}: {name}")
        media = reply.headers.get("Content-Type", "").split(";")[0]
        content = expected.get("content", {})
        if not content:
            assert not reply.content, f"{where} has a body"
        else:
            assert media in content, f"{where} is {media}"
            if media == "application/json":
                self.hold(reply.json(), content[media]["schema"], where)
        self.seen.add((f"{method} {known}", str(reply.status_code)))
        return reply
