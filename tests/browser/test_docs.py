"""/docs in a real browser: every operation is shown, from this server alone, and the policy refuses nothing that it needs."""
import pathlib

import pytest

SHOTS = pathlib.Path("build/browser").resolve()


@pytest.fixture
def docs(page, server):
    if server.get("/docs").status_code == 404:
        pytest.skip("built without npm")
    page.open("/docs")
    page.see("Reprise bookings")
    return page


def test_every_operation_is_shown_and_nothing_comes_from_elsewhere(docs, server):
    document = server.get("/openapi.json").json()
    operations = [each["summary"] for item in document["paths"].values() for method, each in item.items() if method != "parameters"]
    docs.until("document.querySelector('rapi-doc').shadowRoot.querySelectorAll('.section-endpoint, [part~=section-operation]').length > 10")
    shown = docs.run("document.querySelector('rapi-doc').shadowRoot.textContent")
    assert len(operations) > 50 and all(each in shown for each in operations)
    SHOTS.mkdir(parents=True, exist_ok=True)
    docs.ask("shot", path=str(SHOTS / "docs.png"))
    asked = [each["url"] for each in docs.ask("transferred")]
    assert len(asked) >= 4 and all(each.startswith((server.url, "data:")) for each in asked), asked
