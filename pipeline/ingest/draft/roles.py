"""What columns are called in English, Spanish and Chinese, and the part each plays in a mapping."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from pipeline.ingest.currencies import KNOWN
from pipeline.ingest.draft.sample import Column
from pipeline.ingest.draft.shapes import is_number

_ACCOUNT = r"(acc(oun)?t?|acct|iban|cuenta|cta|账[号户]|帐[号户])"
_FROM = r"(from|sender|debtor|originator|orig(en)?|ordenante|payer|remitter|付款|转出|汇款人)"
_TO = r"(to|receiver|recipient|creditor|beneficiary|beneficiario|bene|dest(ino|ination)?|destinatario|payee|收款|转入)"
_OTHER = r"(counter ?part(y|ie)?|contra ?part(e|ida)|opposite|other|对方|对手|交易对手)"
_NAME = r"(name|nombre|titular|holder|户名|名称|姓名)"
_BANK = r"(bank|bic|swift|agent|banco|entidad|开户行|行号|银行)"
_COUNTRY = r"(country|pais|国家|国别)"
_EVENT = r"(transaction|txn|tran|trx|operacion|movimiento|entry)"
_MONEY = r"( ?amount| importe|金额|发生额)?"

PATTERNS: Final[tuple[tuple[str, str], ...]] = (
    (
        "personal",
        r"nationality|nacionalidad|国籍|birth|nacimiento|出生|language|idioma|语言|passport|pasaporte|gender|sexo",
    ),
    ("ignored", r"balance|saldo|余额|结余"),
    (
        "business_date",
        r"(value|settlement|accounting|business) (date|day)|fecha (de )?valor|f valor|fecha contable|起息日|记账日",
    ),
    ("moment", r"date|fecha|\bdia\b|time|hora|timestamp|posted|booked|when|日期|时间"),
    (
        "direction",
        r"\b(d ?c|dr ?cr|cr ?dr|c ?d)\b|debit credit|direction|indicator|signo|sentido|debe haber|借贷|收支|方向",
    ),
    (
        "debit",
        rf"^(debits?|debe|cargos?|withdrawals?|paid out|money out|outflow|salidas?|借方|支出|借){_MONEY}$",
    ),
    (
        "credit",
        rf"^(credits?|haber|abonos?|deposits?|paid in|money in|inflow|entradas?|贷方|收入|贷){_MONEY}$",
    ),
    ("currency", r"currency|\bccy\b|\bcurr?\b|moneda|divisa|币种|货币"),
    ("amount", r"amount|\bamt\b|importe|monto|cantidad|\bvalue\b|\bvalor\b|cents|centimos|金额|发生额"),
    ("debtor_name", rf"{_FROM}.*{_NAME}|{_NAME}.*\b{_FROM}"),
    ("creditor_name", rf"{_TO}\b.*{_NAME}|{_NAME}.*\b{_TO}\b|收款(方|人)?(户名|名称|姓名)"),
    ("other_name", rf"{_OTHER}.*{_NAME}|^(nombre|name)$"),
    ("debtor_country", rf"\b{_FROM}.*{_COUNTRY}|{_COUNTRY}.*\b{_FROM}"),
    ("creditor_country", rf"\b{_TO}\b.*{_COUNTRY}|{_COUNTRY}.*\b{_TO}\b"),
    ("other_country", rf"{_OTHER}.*{_COUNTRY}"),
    ("debtor_agent", rf"\b{_FROM}.*{_BANK}|{_BANK}.*\b{_FROM}|付款(方|人)?(开户行|行)"),
    ("creditor_agent", rf"\b{_TO}\b.*{_BANK}|{_BANK}.*\b{_TO}\b|收款(方|人)?(开户行|行)"),
    ("other_agent", rf"{_OTHER}.*{_BANK}"),
    ("debtor_account", rf"\b{_FROM}\b.*{_ACCOUNT}|{_ACCOUNT}.*\b{_FROM}\b|^{_FROM}$|(付款|转出)(方|人)?{_ACCOUNT}"),
    ("creditor_account", rf"\b{_TO}\b.*{_ACCOUNT}|{_ACCOUNT}.*\b{_TO}\b|^{_TO}$|(收款|转入)(方|人)?{_ACCOUNT}"),
    ("other_account", rf"{_OTHER}.*{_ACCOUNT}|{_ACCOUNT}.*{_OTHER}|^{_OTHER}$"),
    ("own_account", rf"^(my |own |our |本方)?{_ACCOUNT}( (no|num|number|id|numero))?$|numero de cuenta|^卡号$"),
    (
        "event_id",
        rf"\b(ref|reference|referencia|uuid|uetr|id)\b|{_EVENT} ?(id|no|num|number)|流水号|交易号|凭证号",
    ),
    ("merchant_category", r"\bmcc\b|merchant categ"),
    ("branch", r"branch|oficina|sucursal|网点|机构"),
    (
        "memo",
        r"memo|descri|concepto|concept|detail|detalle|narrative|remark|remittance|\btext|observa|摘要|备注|用途|附言",
    ),
    ("type", r"\b(type|tipo|method|rail|product|producto|code|codigo)\b|交易类型|类型|业务种类"),
    ("channel", r"channel|canal|渠道"),
)
"""Part of a column and the names that suggest it; the first that fits holds."""

DIRECTIONS: Final = {
    **dict.fromkeys(
        ("D", "DR", "DB", "DBIT", "DEBIT", "DEBE", "CARGO", "OUT", "-", "借", "支", "支出", "借方"), "debit"
    ),
    **dict.fromkeys(("C", "CR", "CRDT", "CREDIT", "HABER", "ABONO", "IN", "+", "贷", "收", "收入", "贷方"), "credit"),
}
"""Words for the direction of an entry, in capitals."""

KINDS: Final = (
    ("cash", r"\bcash|efectivo|\batm\b|cajero|现金|取现|存现"),
    ("card", r"\bcard|tarjeta|\bpos\b|\btpv\b|刷卡|消费"),
)
RAILS: Final = (
    ("cash", r"\bcash|efectivo|\batm\b|cajero|现金"),
    ("card", r"\bcard|tarjeta|\bpos\b|\btpv\b|刷卡|消费"),
    ("cheque", r"che(que|ck)|\bchk\b|\bchq\b|cheque|talon|支票"),
    ("ach", r"\bach\b|direct debit|sepa|recibo|domicili|nomina|payroll|代发"),
    ("wire", r"\bwire|\bwir\b|swift|\btrf\b|transfer|\bwt\b|transferencia|电汇|转账|汇款"),
    ("p2p", r"\bp2p\b|zelle|bizum|venmo|微信|支付宝"),
    ("internal", r"internal|interna|traspaso|行内|内部"),
)

CURRENCIES: Final = (
    ("CNY", r"人民币|\brmb\b|yuan"),
    ("HKD", r"港[币元]|hong kong"),
    ("TWD", r"台币|taiwan"),
    ("USD", r"美元|us dollar|dolar(es)? (estadounidense|usa)|\bus d"),
    ("EUR", r"欧元|\beuros?\b"),
    ("GBP", r"英镑|sterling|uk pound|libra"),
    ("JPY", r"日[元圆]|\byen\b"),
    ("MXN", r"peso mexicano|mexican peso"),
    ("CHF", r"瑞士法郎|swiss franc|franco suizo"),
)

UNKNOWN: Final = frozenset(
    {"-", "--", "---", "—", ".", "?", "n/a", "N/A", "#N/A", "NA", "n.a.", "S/N", "s/n", "无"}
    | {"null", "NULL", "Null", "none", "None", "NONE", "nan", "NaN", "unknown", "UNKNOWN"}
)
"""Words that stand for no value."""

MINOR_UNITS: Final = r"\b(cents?|centimos?|centavos?|pence|minor)\b|分$|（分）|\(分\)"
"""Names of columns that hold minor units."""

_MANY = 30


def normalised(name: object) -> str:
    """Return a column name in lower case, without accents, with blanks for what is no letter or digit."""
    text = re.sub(r"([a-z])([A-Z])", r"\1 \2", str(name))
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w]|_", " ", plain).split())


def role_of(column: Column) -> str | None:
    """Return the part that a column plays by its name, confirmed by its values; None if nothing suggests one."""
    words = {value.upper() for value in column.values}
    if words and words <= set(DIRECTIONS) and {DIRECTIONS[word] for word in words} == {"debit", "credit"}:
        return "direction"
    name = normalised(column.name)
    for role, pattern in PATTERNS:
        if re.search(pattern, name) and _fits(role, column):
            return role
    if words and words <= set(KNOWN) and len(words) <= _MANY:
        return "currency"
    return None


def guess(value: str, table: tuple[tuple[str, str], ...]) -> str | None:
    """Return the first entry of a table whose pattern a value fits."""
    return next((word for word, pattern in table if re.search(pattern, normalised(value))), None)


def few_valued(column: Column) -> list[str] | None:
    """Return the distinct values of a column, most frequent first, if they are few."""
    counts = {value: column.values.count(value) for value in dict.fromkeys(column.values)}
    return sorted(counts, key=lambda value: -counts[value]) if counts and len(counts) <= _MANY else None


def _fits(role: str, column: Column) -> bool:
    if role in {"amount", "debit", "credit"}:
        return is_number(column.values) or not column.values
    if role in {"type", "channel", "currency", "direction"}:
        return few_valued(column) is not None
    return not (role in {"memo", "other_name", "debtor_name", "creditor_name"} and is_number(column.values))
