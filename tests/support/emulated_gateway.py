"""What the emulated gateway knows and says: sessions, transactions, refunds, signatures. No sockets: the emulator
(sslcommerz_emulator.py) puts HTTP around it. THIS IS AN EMULATOR of SSLCommerz v4, made from its documentation and from
captured forms; no money moves here."""
import hashlib
import itertools
import secrets
import threading
import time
from decimal import Decimal, InvalidOperation

MANDATORY = ("total_amount", "currency", "tran_id", "product_category", "success_url", "fail_url", "cancel_url",
             "cus_name", "cus_email", "cus_add1", "cus_city", "cus_postcode", "cus_country", "cus_phone",
             "shipping_method", "num_of_item", "product_name", "product_profile")
LONGEST = {"tran_id": 30, "currency": 3, "success_url": 255, "fail_url": 255, "cancel_url": 255, "ipn_url": 255,
           "cus_name": 50, "cus_email": 50, "cus_add1": 50, "cus_city": 50, "cus_postcode": 30, "cus_country": 50,
           "cus_phone": 20, "product_name": 255}
WRONG_CREDENTIALS = "Store Credential Error Or Store is De-active"
STATUS = {"pay": "VALID", "fail": "FAILED", "cancel": "CANCELLED"}
BACK = {"pay": "success_url", "fail": "fail_url", "cancel": "cancel_url"}


def sign(fields, password):
    """The vendor's signature over all these fields, added to them."""
    names = sorted(fields)
    signed = dict(fields, verify_key=",".join(names))
    for name, digest in (("verify_sign", hashlib.md5), ("verify_sign_sha2", hashlib.sha256)):
        values = dict(fields, store_passwd=digest(password.encode()).hexdigest())
        signed[name] = digest("&".join(f"{key}={values[key]}" for key in sorted(values)).encode()).hexdigest()
    return signed


def as_decimal(text):
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(-1)


class Gateway:
    """Thread-safe: each call is made under one lock."""

    def __init__(self, store_id, password, page_base=""):
        self.store_id, self.password, self.page_base = store_id, password, page_base
        self.lock = threading.RLock()
        self.reset()

    def reset(self):
        with self.lock:
            self.settings = {"session_delay": 0, "delay": 0, "risk_level": "0", "risk_title": "Safe", "amount": None,
                             "currency": "BDT", "suppress_ipn": False, "ipn_copies": 1, "refund_status": "success",
                             "refund_state": "refunded"}
            self.sessions, self.opened, self.transactions, self.refunds = {}, {}, [], {}
            self.numbers = itertools.count(1)

    def is_shop(self, fields):
        return fields.get("store_id") == self.store_id and fields.get("store_passwd") == self.password

    # The gateway's own operations: fields in, the answer's object out.

    def open_session(self, fields):
        def failed(reason):
            return {"status": "FAILED", "failedreason": reason, "sessionkey": "", "GatewayPageURL": ""}

        with self.lock:
            if not self.is_shop(fields):
                return failed(WRONG_CREDENTIALS)
            for name in MANDATORY:
                if not fields.get(name, "").strip():
                    return failed(f"Invalid Information! '{name}' is missing or empty.")
            for name, longest in LONGEST.items():
                if len(fields.get(name, "").encode()) > longest:
                    return failed(f"Invalid Information! '{name}' is too long.")
            if not Decimal(10) <= as_decimal(fields["total_amount"]) <= Decimal(500000):
                return failed("Invalid Information! 'total_amount' must be between 10.00 and 500000.00.")
            key = secrets.token_hex(16).upper()
            self.sessions[key] = dict(fields)
            self.opened[fields["tran_id"]] = self.opened.get(fields["tran_id"], 0) + 1
            page = f"{self.page_base}/emulator/page?session={key}"
            return {"status": "SUCCESS", "failedreason": "", "sessionkey": key,
                    "gw": {"visa": "dbbl_visa,brac_visa", "master": "dbbl_master", "mobilebanking": "bkash,nagad"},
                    "redirectGatewayURL": page + "&cardname=", "redirectGatewayURLFailed": page, "GatewayPageURL": page,
                    "storeBanner": "", "storeLogo": "", "desc": [{"name": "bKash", "type": "mobilebanking"}],
                    "is_direct_pay_enable": "0"}

    def attempt(self, session, outcome, changes=None):
        """The customer does something on the page. Returns the transaction, which answers and forms show."""
        with self.lock:
            asked, number = self.sessions[session], next(self.numbers)
            amount = self.settings["amount"] or f"{Decimal(asked['total_amount']):.2f}"
            transaction = {
                "status": STATUS[outcome], "tran_date": time.strftime("%Y-%m-%d %H:%M:%S"), "tran_id": asked["tran_id"],
                "val_id": f"{number:06d}{secrets.token_hex(8)}" if outcome == "pay" else "", "amount": amount,
                "store_amount": f"{as_decimal(amount) * Decimal('0.975'):.2f}", "currency": self.settings["currency"],
                "bank_tran_id": f"{number:06d}{secrets.token_hex(5)}", "card_type": "BKASH-BKash", "card_no": "",
                "card_issuer": "BKash Mobile Banking", "card_brand": "MOBILEBANKING",
                "card_issuer_country": "Bangladesh", "card_issuer_country_code": "BD",
                "currency_type": asked["currency"], "currency_amount": amount, "currency_rate": "1.0000",
                "base_fair": "0.00", "value_a": asked.get("value_a", ""), "value_b": "", "value_c": "", "value_d": "",
                "risk_level": self.settings["risk_level"], "risk_title": self.settings["risk_title"],
                "error": "" if outcome == "pay" else "The customer's bank said no"}
            transaction.update(changes or {})
            self.transactions.append(transaction)
            return dict(transaction)

    def validate(self, fields):
        with self.lock:
            if not self.is_shop(fields):
                return {"APIConnect": "FAILED", "status": "INVALID_TRANSACTION"}
            for transaction in self.transactions:
                if transaction["val_id"] and transaction["val_id"] == fields.get("val_id"):
                    answer = dict(transaction, APIConnect="DONE", validated_on=time.strftime("%Y-%m-%d %H:%M:%S"),
                                  gw_version="")
                    if transaction["status"] == "VALID":
                        transaction["status"] = "VALIDATED"
                    return answer
            return {"status": "INVALID_TRANSACTION", "APIConnect": "DONE"}

    def query(self, fields):
        with self.lock:
            if not self.is_shop(fields):
                return {"APIConnect": "FAILED"}
            name = fields.get("tran_id")
            found = [dict(each) for each in self.transactions if each["tran_id"] == name]
            if not found and name in self.opened:  # a session whose customer has not come yet
                found = [{"status": "PENDING", "tran_id": name, "val_id": "", "amount": "0.00", "currency": "BDT"}]
            return {"APIConnect": "DONE", "no_of_trans_found": len(found), "element": found}

    def refund(self, fields):
        def failed(reason):
            return dict(base, status="failed", refund_ref_id="", errorReason=reason)

        with self.lock:
            if not self.is_shop(fields):
                return {"APIConnect": "FAILED"}
            name, bank = fields.get("refund_trans_id", ""), fields["bank_tran_id"]
            paid = next((each for each in self.transactions if each["bank_tran_id"] == bank), None)
            base = {"APIConnect": "DONE", "bank_tran_id": bank, "trans_id": paid["tran_id"] if paid else ""}
            if not paid or paid["status"] not in ("VALID", "VALIDATED"):
                return failed("The transaction is not found, or is not paid")
            if not name or len(name) > 30:
                return failed("refund_trans_id is missing or too long")
            if name in self.refunds:
                return dict(base, status="processing", refund_ref_id=self.refunds[name]["refund_ref_id"], errorReason="")
            gone = sum(as_decimal(each["amount"]) for each in self.refunds.values() if each["bank_tran_id"] == bank)
            if not 0 < as_decimal(fields.get("refund_amount")) <= as_decimal(paid["amount"]) - gone:
                return failed("The refund amount is more than what is left")
            if self.settings["refund_status"] == "failed":
                return failed("Refunds are not possible now")
            reference = secrets.token_hex(12)
            self.refunds[name] = {"refund_ref_id": reference, "bank_tran_id": bank, "amount": fields["refund_amount"],
                                  "tran_id": paid["tran_id"]}
            return dict(base, status=self.settings["refund_status"], refund_ref_id=reference, errorReason="")

    def refund_status(self, fields):
        with self.lock:
            if not self.is_shop(fields):
                return {"APIConnect": "FAILED"}
            for each in self.refunds.values():
                if each["refund_ref_id"] == fields["refund_ref_id"]:
                    return {"APIConnect": "DONE", "bank_tran_id": each["bank_tran_id"], "tran_id": each["tran_id"],
                            "refund_ref_id": each["refund_ref_id"], "initiated_on": time.strftime("%Y-%m-%d %H:%M:%S"),
                            "refunded_on": "", "status": self.settings["refund_state"], "errorReason": ""}
            return {"APIConnect": "DONE", "status": "", "errorReason": "The refund is not found"}

    # Notifications.

    def last_session(self, tran_id):
        """The key of the latest one of an id; None where there is none."""
        with self.lock:
            return next((key for key, each in reversed(self.sessions.items()) if each["tran_id"] == tran_id), None)

    def last(self, tran_id):
        """The session's fields and the last transaction of an id; the latter is None before the first."""
        with self.lock:
            session = next((each for each in self.sessions.values() if each["tran_id"] == tran_id), None)
            found = [each for each in self.transactions if each["tran_id"] == tran_id]
            return session, (dict(found[-1]) if found else None)

    def form(self, transaction, changes=None, signature="good"):
        """A notification's fields. `signature`: good, none, wrong, or stale: made before the changes."""
        fields = dict(transaction, store_id=self.store_id)
        if fields["status"] == "VALIDATED":  # the form is of when it was paid
            fields["status"] = "VALID"
        if signature == "stale":
            return dict(sign(fields, self.password), **(changes or {}))
        fields.update(changes or {})
        if signature == "none":
            return fields
        return sign(fields, self.password if signature == "good" else "not the password")
