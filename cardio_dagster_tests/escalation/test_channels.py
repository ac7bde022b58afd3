"""Channels against real receivers: webhook, mail, Slack's and Teams' payloads, the folder."""

import datetime
import json
import logging
import logging.config
import ssl

import pytest

from cardio_dagster.escalation.channels import LOG_NAME, ChannelError, Message, _plugin, is_known, send
from cardio_dagster.outcome import Impact
from cardio_dagster.stores.notices import Channel
from cardio_dagster_tests.escalation.receivers import webhook

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#cardio"
MESSAGE = Message(
    "9f3c2a1b00112233-0",
    Impact.CRITICAL,
    "‼ CRITICAL: Ventricular tachycardia",
    "Study s-1, STAT\n- Ventricular tachycardia [ECG_VT]\nReport: https://r/s-1",
    "**Study s-1, STAT**\n\n- Ventricular tachycardia [ECG_VT]\n\nReport: https://r/s-1",
    "2026-03-04T03:00:00.000+00:00 CRITICAL to=reader study=s-1",
    {"notice_id": "9f3c2a1b00112233", "level": 0},
)


def test_webhook_gets_plain_text(hook, tmp_path):
    send(Channel(f"json://127.0.0.1:{hook.port}/hook"), MESSAGE, folder=tmp_path)
    ((path, body),) = hook.got
    assert path == "/hook"
    assert (body["title"], body["message"], body["type"]) == (MESSAGE.title, MESSAGE.plain, "failure")


def test_mail_arrives_with_its_subject_and_both_forms(mails, tmp_path):
    url = f"mailto://127.0.0.1:{mails.port}?from=cardio@site.example&to=reader@site.example&mode=insecure"
    send(Channel(url), MESSAGE, folder=tmp_path)
    (((to,), mail),) = mails.got
    assert to == "reader@site.example"
    assert mail["subject"] == MESSAGE.title
    html, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    assert "<strong>Study s-1, STAT</strong>" in html.get_content()
    assert "Ventricular tachycardia [ECG_VT]" in plain.get_content()


def test_slack_gets_its_own_markdown(hook, tmp_path, monkeypatch):
    monkeypatch.setattr(type(_plugin(Channel(SLACK))), "webhook_url", f"http://127.0.0.1:{hook.port}/services")
    send(Channel(SLACK), MESSAGE, folder=tmp_path)
    ((path, body),) = hook.got
    assert path == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    (card,) = body["attachments"]
    assert (body["mrkdwn"], body["channel"], card["title"]) == (True, "#cardio", MESSAGE.title)
    assert card["text"].startswith("*Study s-1, STAT*\n")


@pytest.fixture
def certificate(tmp_path):
    """A certificate of this machine's own, for an hour."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(hours=1)).sign(key, hashes.SHA256())  # fmt: skip
    path = tmp_path / "localhost.pem"
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_teams_gets_an_adaptive_card(certificate, tmp_path):
    with webhook(certificate) as hook:
        url = f"workflows://127.0.0.1:{hook.port}/abcd1234/sig5678?verify=no"
        send(Channel(url), MESSAGE, folder=tmp_path)
    ((path, body),) = hook.got
    assert path.startswith("/workflows/abcd1234/triggers/manual/paths/invoke?")
    assert "sig=sig5678" in path
    (attached,) = body["attachments"]
    assert attached["contentType"] == "application/vnd.microsoft.card.adaptive"
    text = json.dumps(attached["content"], ensure_ascii=False)
    assert MESSAGE.title in text
    assert "**Study s-1, STAT**" in text


def test_the_folder_gets_a_line_and_a_file_once(tmp_path):
    for _ in range(2):
        send(Channel("file:"), MESSAGE, folder=tmp_path / "notices")
    assert (tmp_path / "notices" / LOG_NAME).read_text() == f"{MESSAGE.line}\n"
    facts = json.loads((tmp_path / "notices" / f"{MESSAGE.name}.json").read_text())
    assert facts == {**MESSAGE.facts, "title": MESSAGE.title, "text": MESSAGE.plain}


def test_a_folder_of_the_sites_own(tmp_path):
    other = tmp_path / "with space"
    send(Channel(f"file://{other}"), MESSAGE, folder=tmp_path / "notices")
    assert (other / LOG_NAME).exists()
    assert not (tmp_path / "notices").exists()


@pytest.mark.parametrize(
    "url", ["json://127.0.0.1:1/s3cret", "mailto://u:s3cret@127.0.0.1:1?from=a@b.c&to=d@e.f", "file:///dev/null/s3cret"]
)
def test_what_a_channel_does_not_take_is_told_without_its_address(url, tmp_path, caplog, capfd):
    is_known(Channel("json://localhost"))  # Apprise is there, and now somebody sets up logging, as uvicorn does
    logging.config.dictConfig({"version": 1, "incremental": False, "disable_existing_loggers": False})
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ChannelError) as refused:
        send(Channel(url), MESSAGE, folder=tmp_path)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    shown = str(refused.value) + "".join(r.getMessage() for r in caplog.records if "apprise" in r.name)
    assert "s3cret" not in shown + "".join(capfd.readouterr())


def test_a_webhook_that_answers_with_an_error_did_not_take_it(hook, tmp_path):
    hook.refuse = 1
    with pytest.raises(ChannelError):
        send(Channel(f"json://127.0.0.1:{hook.port}/"), MESSAGE, folder=tmp_path)


@pytest.mark.parametrize("url", ["", "reader", "://x", "nosuch://x", "slack://bad", "file:here", "file:///"])
def test_urls_that_nothing_understands(url):
    assert not is_known(Channel(url))
