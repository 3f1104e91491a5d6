"""No secret of the corpus survives, and ordinary C# literals do.

The secrets are invented, and put together here from a prefix and random characters, so that the scanners of hosting
sites find nothing in this file.
"""

from __future__ import annotations

import base64
import random
import re
import string
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxreview.redact import kinds, redact

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALNUM = string.ascii_letters + DIGITS
HEX = "0123456789abcdef"
URLSAFE = ALNUM + "-_"
BASE64 = ALNUM + "+/"

RANDOM = random.Random(20)


def some(alphabet: str, length: int) -> str:
    """So many random characters, with at least one digit and one letter where the alphabet has them."""
    while True:
        text = "".join(RANDOM.choice(alphabet) for _ in range(length))
        if re.search(r"\d", text) and (re.search("[A-Za-z]", text) or alphabet.isdigit()):
            return text


def jwt() -> str:
    """A signed token with invented claims."""
    header, claims = (
        base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        for text in ('{"alg":"HS256","typ":"JWT"}', f'{{"sub":"{some(DIGITS, 10)}","name":"Jo Doe"}}')
    )
    return f"{header}.{claims}.{some(URLSAFE, 43)}"


def formats() -> Iterator[tuple[str, str]]:
    """Kind and secret, one of each known key format."""
    yield "aws-access-key", "AK" + "IA" + some(UPPER + "234567", 16)
    yield "aws-access-key", "AS" + "IA" + some(UPPER + "234567", 16)
    yield "aws-bedrock-key", "AB" + "SK" + some(BASE64, 128)
    yield "github-token", "gh" + "p_" + some(ALNUM, 36)
    yield "github-token", "gh" + "s_" + some(ALNUM, 36)
    yield "github-token", "github" + "_pat_" + some(ALNUM, 22) + "_" + some(ALNUM, 59)
    yield "gitlab-token", "glp" + "at-" + some(URLSAFE, 20)
    yield "gitlab-token", "glr" + "t-" + some(URLSAFE, 20)
    yield "slack-token", "xo" + "xb-" + some(DIGITS, 12) + "-" + some(DIGITS, 12) + "-" + some(ALNUM, 24)
    yield "slack-token", "xa" + "pp-1-A" + some(UPPER + DIGITS, 10) + "-" + some(DIGITS, 13) + "-" + some(HEX, 64)
    yield "stripe-key", "sk" + "_live_" + some(ALNUM, 24)
    yield "stripe-key", "rk" + "_test_" + some(ALNUM, 99)
    yield "stripe-key", "wh" + "sec_" + some(ALNUM, 32)
    yield "npm-token", "np" + "m_" + some(ALNUM, 36)
    yield "pypi-token", "pypi-" + "AgEIcHlwaS5vcmc" + some(URLSAFE, 80)
    yield "nuget-key", "o" + "y2" + some(LOWER + DIGITS, 43)
    yield "anthropic-key", "sk-" + "ant-api03-" + some(URLSAFE, 93) + "AA"
    yield "openai-key", "sk-" + "proj-" + some(URLSAFE, 74) + "T3Blbk" + "FJ" + some(URLSAFE, 74)
    yield "openai-key", "sk-" + some(ALNUM, 48)
    yield "google-api-key", "AI" + "za" + some(URLSAFE, 34) + "x"
    yield "google-oauth-secret", "GOC" + "SPX-" + some(URLSAFE, 28)
    yield "google-oauth-token", "ya" + "29." + some(URLSAFE, 60)
    yield "azure-client-secret", some(ALNUM, 3) + "8" + "Q~" + some(ALNUM, 34)
    yield "azure-storage-key", some(BASE64, 76) + "+A" + "St" + some(ALNUM, 6) + "=="
    yield "azure-key", some(ALNUM, 52) + "JQQ" + "J99" + some(ALNUM, 26)
    yield "azure-devops-token", some(ALNUM, 76) + "AZ" + "DO" + some(ALNUM, 4)
    yield "sendgrid-key", "S" + "G." + some(URLSAFE, 22) + "." + some(URLSAFE, 43)
    yield "twilio-key", "S" + "K" + some(HEX, 32)
    yield "mailgun-key", "ke" + "y-" + some(HEX, 32)
    yield "mailchimp-key", some(HEX, 32) + "-u" + "s14"
    yield "huggingface-token", "h" + "f_" + some(ALNUM, 34)
    yield "databricks-token", "da" + "pi" + some(HEX, 32)
    yield "digitalocean-token", "dop" + "_v1_" + some(HEX, 64)
    yield "vault-token", "hv" + "s." + some(URLSAFE, 95)
    yield "terraform-token", some(ALNUM, 14) + ".atlas" + "v1." + some(ALNUM, 67)
    yield "grafana-token", "gl" + "sa_" + some(ALNUM, 32) + "_" + some(HEX, 8)
    yield "shopify-token", "shp" + "at_" + some(HEX, 32)
    yield "docker-token", "dckr" + "_pat_" + some(URLSAFE, 27)
    yield "atlassian-token", "ATA" + "TT3" + some(URLSAFE, 180) + "=1A2B3C4D"
    yield "postman-key", "PM" + "AK-" + some(HEX, 24) + "-" + some(HEX, 34)
    yield "newrelic-key", "NR" + "AK-" + some(UPPER + DIGITS, 27)
    yield "linear-key", "lin" + "_api_" + some(ALNUM, 40)
    yield "telegram-token", some(DIGITS[1:], 10) + ":A" + "A" + some(ALNUM, 33)
    yield "age-key", "AGE-SECRET-" + "KEY-1" + some(UPPER + DIGITS, 58)
    yield "jwt", jwt()


FORMATS = [*formats(), *formats()]

PASSWORDS = ["Tr0ub4dor&3x", "S3cr3t!Pa55", "hunter-2-Zq", "qPz8#kLm2vX", "letmein", "it's 5 o'clock", "x=y+1zQ=="]


def connections() -> Iterator[tuple[str, str]]:
    """C# source and the password in it, in the dialects of the databases and brokers that C# programs use."""
    for word in PASSWORDS:
        yield f'var c = "Server=tcp:db.acme.local,1433;Database=Orders;User Id=app;Password={word};Encrypt=True";', word
        yield f'"Orders": "Data Source=.\\\\SQL2019;Initial Catalog=Orders;uid=app;pwd={word}"', word
        yield f'<add name="Orders" connectionString="Server=db;User ID=app;Password={word};Pooling=true" />', word
        yield f'@"Host=pg;Port=5432;Username=app;Password={word};Database=orders";', word
        yield f'"Server=mysql;Uid=app;Pwd={word};SslMode=Required;"', word
        yield (
            f'"User Id=scott;Password={word};Data Source=(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=o)(PORT=1521)))"',
            word,
        )
        yield f"    Server=db;\n    User Id=app;Password={word};\n", word
    for word in PASSWORDS[:5]:
        encoded = word.replace("#", "%23").replace("&", "%26")
        yield f'"host=pg user=app password={encoded} dbname=orders"', encoded
        yield f'"localhost:6379,password={encoded},ssl=True,abortConnect=False"', encoded
        yield f'var uri = new Uri("mongodb+srv://app:{encoded}@cluster0.acme.net/orders?w=majority");', encoded
        yield f'"redis://:{encoded}@cache.acme.local:6379/0"', encoded
        yield f'"amqps://app:{encoded}@rabbit.acme.local/vhost"', encoded
        yield f'"postgres://app:{encoded}@pg:5432/orders"', encoded
        yield f'"jdbc:postgresql://pg/orders?user=app&password={encoded}&ssl=true"', encoded
        yield f'"scott/{encoded}@//oracle.acme.local:1521/XEPDB1"', encoded
        yield f"ORDERS_DB=Server=db;User Id=app;Password={encoded}\n", encoded
    yield 'var c = @"Server=db;User Id=app;Password=""a;b c9"";Encrypt=true";', "a;b c9"
    yield "var c = \"Server=db;User Id=app;Password='a;b c9';Encrypt=true\";", "a;b c9"
    yield 'var c = "Server=db;User Id=app;Password = spaced0ut ;Encrypt=true";', "spaced0ut"
    yield 'var u = "amqp://app:p@ss9@rabbit/";', "p@ss9"
    for _ in range(2):
        key = some(BASE64, 86) + "=="
        yield f'"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={key};EndpointSuffix=core.windows.net"', key
        key = some(BASE64, 43) + "="
        yield f'"Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={key}"', key
        key = some(ALNUM, 40) + "%3D"
        yield f'"https://acme.blob.core.windows.net/c?sv=2023-01-03&se=2030-01-01&sr=c&sp=rl&sig={key}"', key


CONNECTIONS = list(connections())


def assignments() -> Iterator[tuple[str, str]]:
    """Source and a secret of no known format that its name gives away."""
    for _ in range(2):
        key, password = some(ALNUM, 32), some(ALNUM, 11) + "!"
        yield f'private const string ApiKey = "{key}";', key
        yield f'client.DefaultRequestHeaders.Add("X-Api-Key", "{key}");', key
        yield f'options.ClientSecret = "{key}";', key
        yield f'  "Jwt": {{ "SigningKey": "{key}" }}', key
        yield f'["Auth:ApiKey"] = "{key}",', key
        yield f'Environment.SetEnvironmentVariable("ACCESS_TOKEN", "{key}");', key
        yield f'<add key="StorageSecret" value="{key}" />', key
        yield f"API_KEY={key}\n", key
        yield f"    client-secret: {key}\n", key
        yield f'request.Headers.Authorization = new("Bearer", "x"); // Authorization: Bearer {key}', key
        yield f'headers["Authorization"] = "Bearer {key}";', key
        yield f'new AzureKeyCredential("{key}")', key
        yield f'new ClientSecretCredential(tenantId, clientId, "{key}")', key
        yield f'new BasicAWSCredentials(accessKeyId, "{key}/Z+12345")', f"{key}/Z+12345"
        yield f'Password = "{password}",', password
        yield f'if (password == "{password}") return true;', password
        yield f'new NetworkCredential("mailer", "{password}")', password
        yield f'builder.WithPassword("{password}")', password
        yield f"<Password>{password}</Password>", password
        yield f"CREATE LOGIN app WITH PASSWORD = '{password}';", password
        basic = base64.b64encode(f"app:{password}".encode()).decode()
        yield f'"Authorization: Basic {basic}"', basic
    yield 'factory.Password = "letmein";', "letmein"


RETURNED = [
    ('string ApiSecret { get { return "Ge8Zt5Lm2xQv"; } }', "Ge8Zt5Lm2xQv"),
    ('string GetApiSecret()\n{\n    return "Ge8Zt5Lm2xQv";\n}', "Ge8Zt5Lm2xQv"),
    ('string ApiKey { get => "d41d8cd98f00b204e9800998ecf8427e"; }', "d41d8cd98f00b204e9800998ecf8427e"),
    ("// Passwort: Es8Zt5Lm2xQv", "Es8Zt5Lm2xQv"),
]
CONTEXTS = CONNECTIONS + list(assignments()) + RETURNED

PEM_BODY = [some(BASE64, 64) for _ in range(12)] + [some(BASE64, 30) + "=="]


def pems() -> Iterator[str]:
    """Private keys as they are in source: raw, indented, concatenated, on one line, encrypted."""
    for label in ("RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"):
        lines = ["-----BEGIN " + label + "-----", *PEM_BODY, "-----END " + label + "-----"]
        yield 'var pem = @"' + "\n".join(lines) + '";\nUse(pem);\n'
        yield '    var pem = """\r\n' + "".join(f"        {line}\r\n" for line in lines) + '        """;\r\n'
        yield "var pem =\n" + " +\n".join(f'    "{line}\\n"' for line in lines) + ";\n"
        yield '{"private_key": "' + "\\n".join(lines) + '\\n"}\n'
        yield "\n".join(lines[:8])
        yield "\n".join(lines[5:]) + "\nvar x = 1;\n"
        yield "\n".join([lines[0], "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-256-CBC,0123456789ABCDEF", "", *lines[1:]])
        yield "\n".join(f'sb.AppendLine("{line}");' for line in lines)


# --- no secret survives ------------------------------------------------------------------------------------


def test_the_corpus_is_large_enough() -> None:
    """At least sixty secrets, every format twice."""
    kinds = [kind for kind, _ in FORMATS]
    assert all(kinds.count(kind) >= 2 for kind in kinds)
    assert len({secret for _, secret in FORMATS}) >= 60


@pytest.mark.parametrize(
    "line",
    [
        'var key = "{}";',
        "{}",
        "# {}",
        'x.Use("{}", 1);',
        "https://acme.example/?a={}&b=1",
        '"\\n{}\\n"',
        "<k>{}</k>",
        "({})",
    ],
)
@pytest.mark.parametrize(("kind", "secret"), FORMATS, ids=[f"{n}-{kind}" for n, (kind, _) in enumerate(FORMATS)])
def test_a_known_format_is_found_anywhere(kind: str, secret: str, line: str) -> None:
    """A key that can be recognised on its own is replaced and named, whatever is around it."""
    redacted = redact("int a = 1;\n" + line.replace("{}", secret) + "\nint b = 2;")
    assert secret not in redacted.text
    assert redacted.kinds == (kind,)
    assert redacted.text.startswith("int a = 1;\n") and redacted.text.endswith("\nint b = 2;")


@pytest.mark.parametrize(("source", "secret"), CONTEXTS, ids=range(len(CONTEXTS)))
def test_a_credential_is_found_by_its_context(source: str, secret: str) -> None:
    """The password goes, alone and among other lines; what is around it stays."""
    for text in (source, f"using System;\n\n{source}\nvar record = Find(id);\n"):
        redacted = redact(text)
        assert len(redacted.kinds) == 1
        assert redacted.text == text.replace(secret, f"[REDACTED:{redacted.kinds[0]}:1]")


@pytest.mark.parametrize("text", list(pems()), ids=lambda _: "")
def test_a_private_key_is_found_in_every_form(text: str) -> None:
    """No full line of a key is left, and the text has as many lines with the same ends."""
    redacted = redact(text)
    assert not [line for line in PEM_BODY if len(line) == 64 and line in text and line in redacted.text]
    assert "private-key" in redacted.kinds
    assert re.findall(r"\r\n|\r|\n", redacted.text) == re.findall(r"\r\n|\r|\n", text)


def test_a_multi_line_key_keeps_its_shape() -> None:
    """Indents, quotes and line ends around the lines of a key stay, the lines themselves do not."""
    head, foot = "-----BEGIN " + "PRIVATE KEY-----", "-----END " + "PRIVATE KEY-----"
    text = f'a = """\r\n    {head}\r\n    {PEM_BODY[0]}\r\n    {foot}\r\n    """;'
    assert redact(text).text == (
        'a = """\r\n    [REDACTED:private-key:1]\r\n    [REDACTED]\r\n    [REDACTED]\r\n    """;'
    )
    assert redact(text).kinds == ("private-key",)


def test_a_key_in_xml_is_found() -> None:
    """The private parts of RSA.ToXmlString(true) are replaced, the public ones stay."""
    private, public = some(BASE64, 86) + "==", some(BASE64, 86) + "=="
    text = f"<RSAKeyValue><Modulus>{public}</Modulus><Exponent>AQAB</Exponent><D>{private}</D></RSAKeyValue>"
    redacted = redact(text)
    assert private not in redacted.text
    assert public in redacted.text


def test_the_same_secret_has_the_same_number() -> None:
    """A reader can see that two places hold one secret, and that a third holds another."""
    one, other = FORMATS[0][1], FORMATS[len(FORMATS) // 2][1]
    redacted = redact(f'A("{one}");\nB("{other}");\nC("{one}");\n')
    assert re.findall(r"\d+(?=\])", redacted.text) == ["1", "2", "1"]
    assert redacted.kinds == ("aws-access-key",) * 3


def test_numbers_go_on_after_those_in_the_text() -> None:
    """A text that was redacted before keeps its numbers, and a new secret gets a new one."""
    redacted = redact(f'A("[REDACTED:jwt:4]", "{FORMATS[0][1]}");')
    assert redacted.text == 'A("[REDACTED:jwt:4]", "[REDACTED:aws-access-key:5]");'
    assert redacted.kinds == ("aws-access-key",)


def test_nothing_hides_in_a_false_placeholder() -> None:
    """Only what redact itself writes is left alone."""
    secret = FORMATS[0][1]
    assert secret not in redact(f"[REDACTED:{secret}:1]").text
    assert secret not in redact(f"[REDACTED:jwt:{secret}]").text


# --- ordinary text stays -----------------------------------------------------------------------------------

NAMES = ["Order", "Customer", "Invoice", "Payment", "Shipment", "Account", "Product", "Warehouse", "Employee", "Ticket"]
FIELDS = ["Id", "Name", "Status", "Total", "CreatedAt", "Version", "Email", "Quantity", "Price", "IsDeleted"]
WRITTEN = """
Password|Passwort|Mot de passe|Enter your password|The password must be at least {0} characters long.|Forgot password?
password|Password1|txtPassword|PasswordHash|password_hash|ConfirmPassword|Passwords do not match|Current password:
Invalid user name or password.|The token has expired.|Invalid token '{0}'.|Unexpected token at position {0}|access_token
refresh_token|token_type|bearer|Bearer |Bearer {0}|Basic |Basic authentication is not supported.|Authorization
WWW-Authenticate|X-Api-Key|X-Request-Id|X-Correlation-Id|application/json; charset=utf-8|text/html|multipart/form-data
ConnectionStrings:Default|ConnectionStrings__Default|DefaultConnection|OrdersDatabase|Jwt:Key|Jwt:Issuer|Auth:ClientId
Auth:ClientSecret|Azure:KeyVault:Url|AZURE_CLIENT_SECRET|AWS_ACCESS_KEY_ID|ASPNETCORE_ENVIRONMENT|DOTNET_ROOT|API_KEY
Server=localhost;Database=Orders;Trusted_Connection=True;|Data Source=app.db|DataSource=:memory:|Filename=./orders.db
Server={0};Database={1};User Id={2};Password={3};|Host=localhost;Username=app;Password=<password>|;Password=|;Pwd=
Server=db;User Id=app;Password=changeme|Password=${DB_PASSWORD};|Password=%DB_PASSWORD%|pwd={pwd}|password=*****
mongodb://localhost:27017|redis://localhost:6379|amqp://rabbit:5672/|postgres://user:password@localhost/db|http://a.b/c:d@e
https://example.com/orders?id=1&page=2|https://login.microsoftonline.com/common/oauth2/v2.0/token|ftp://files/{0}
http://localhost:5000/|http://schemas.microsoft.com/ws/2008/06/identity/claims/role|urn:ietf:params:oauth:grant-type:jwt-bearer
0f8fad5b-d9cb-469f-a165-70867728950e|{7c9e6679-7425-40de-944b-e07fc1f90ae7}|00000000-0000-0000-0000-000000000000
7c9e6679742540de944be07fc1f90ae7|d41d8cd98f00b204e9800998ecf8427e|da39a3ee5e6b4b0d3255bfef95601890afd80709
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855|b77a5c561934e089|PublicKeyToken=b77a5c561934e089
System.Private.CoreLib, Version=8.0.0.0, Culture=neutral, PublicKeyToken=7cec85d7bea7798e|sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
#ff8800|#FFF|#80112233|rgba(12, 34, 56, 0.5)|SGVsbG8=|dGVzdA==|aGVsbG8gd29ybGQ=|AQIDBAUGBwg=|data:image/png;base64,iVBORw0KGgo=
iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==|R0lGODlhAQABAIAAAAAAAP
yyyy-MM-ddTHH:mm:ss.fffZ|dd.MM.yyyy HH:mm|{0:N2}|{0:yyyy-MM-dd}|#,##0.00|0.00%|C2|X8|{Id} was updated by {User}|{0}/{1}
en-US|de-DE|fr-FR|pt-BR|zh-Hans-CN|sr-Latn-RS|ja-JP|Europe/Berlin|W. Europe Standard Time|UTC|America/New_York
C:\\\\Temp\\\\orders.csv|/var/log/orders/app.log|..\\\\..\\\\bin\\\\Debug\\\\net8.0|~/Views/Shared/_Layout.cshtml|*.cs|**/*.json
orders-2024-01.parquet|appsettings.Development.json|secrets.json|id_rsa.pub|server.key|C:/certs/private.pem|token.txt
-----BEGIN CERTIFICATE-----|-----BEGIN PRIVATE KEY-----|-----END PRIVATE KEY-----|-----BEGIN PUBLIC KEY-----
^(?=.*[A-Z])(?=.*\\\\d).{8,}$|^[\\\\w.+-]+@[\\\\w-]+\\\\.[\\\\w.]+$|\\\\d{3}-\\\\d{4}|[A-Za-z0-9+/]{4}|(?<key>\\\\w+)=(?<value>.*)
SELECT * FROM Orders WHERE Id = @id|UPDATE Users SET PasswordHash = @hash WHERE Id = @id|INSERT INTO Tokens (Value) VALUES (@p0)
SELECT [Id], [Name] FROM [dbo].[Orders] WITH (UPDLOCK, ROWLOCK) WHERE [Id] = @p0|CREATE LOGIN [app] WITH PASSWORD = '{0}'
EXEC sp_getapplock @Resource = 'orders', @LockMode = 'Exclusive'|SET TRANSACTION ISOLATION LEVEL SERIALIZABLE|GO|-- key
DELETE FROM ApiKeys WHERE ExpiresAt < GETUTCDATE()|ALTER TABLE Orders ADD CONSTRAINT PK_Orders PRIMARY KEY (Id)|FK_Orders_1
orders:{0}:lock|cache-key-orders-v2|orders/2024/{id}|user:1234:session|lock:order:42|order_created_v1|orders.created.v1
primaryKey|foreignKey|PartitionKey|RowKey|partition-key-1|sort_key|SecretName|secret-name|my-key-vault|KeyVaultName
sk-|ghp_|AKIA|eyJ|SG.|xoxb-|AIza|task-list-with-a-rather-long-name-in-it|risk-assessment-2024-final-version-b|desk-lamp
hf_model_name_that_is_long_enough_to_matter|npm_config_registry|npm_lifecycle_event_with_a_long_name_that_is_not_it|SKU-1234567890
Lorem ipsum dolor sit amet, consectetur adipiscing elit.|The quick brown fox jumps over the lazy dog|äöüß ÄÖÜ|日本語|Привет
ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/|0123456789abcdef|0123456789ABCDEFGHJKMNPQRSTVWXYZ
1.2.3-beta.4+build.567|v8.0.100-preview.7.23376.3|^4.9.0|>=2.1.0 <3.0.0|net8.0;net9.0|192.168.178.20|::1|10.0.0.0/8|0x7FFFFFFF
""".strip()


def ordinary_values() -> list[str]:
    """Contents of C# literals as business code has them, all different."""
    values = [value for line in WRITTEN.splitlines() for value in line.split("|") if value]
    for name in NAMES:
        low = name.lower()
        values += [
            f"{name} {{0}} was not found.",
            f"SELECT * FROM {name}s WHERE Id = @id",
            f"UPDATE {name}s SET Status = @status, RowVersion = RowVersion + 1 WHERE Id = @id",
            f"/api/v1/{low}s/{{id}}",
            f"{low}s.json",
            f"Acme.Sales.{name}Service",
            f"Acme.Sales.Domain.{name}, Acme.Sales, Version=1.0.0.0",
            f"{low}:{{0}}:lock",
            f"IX_{name}s_CustomerId_Status2",
            f"{name}ApiKey",
            f"{name}Token",
            f"{name}sConnection",
            f"Services:{name}:BaseUrl",
            f"https://{low}.acme.example/v2/{low}s?page=1",
            f"Could not acquire the lock for {low} {{{name}Id}} within {{Timeout}} ms",
            base64.b64encode(low.encode()).decode(),
            *(f"{name}.{field}" for field in FIELDS),
            *(f"@{low}{field}" for field in FIELDS),
            *(f"{low}-{field.lower()}-{number}" for number, field in enumerate(FIELDS)),
        ]
    return list(dict.fromkeys(values))


SURROUNDINGS = (
    'var text = "{}";',
    'private const string Key = "{}";',
    'throw new ArgumentException("{}", nameof(password));',
    'builder.HasKey("{}");',
    'logger.LogInformation("{}", token);',
    'dictionary["key"] = "{}";',
    'var token = reader.Read("{}");',
    '{ "Title", "{}" },',
    'Html.PasswordFor(m => m.Secret, "{}")',
)


def test_ordinary_literals_stay() -> None:
    """Of more than five hundred ordinary literals at most two per cent may be taken for secrets; it is fewer."""
    values = ordinary_values()
    assert len(values) >= 500
    wrong = [value for value in values if redact(f'var text = "{value}";').kinds]
    assert wrong == []


@pytest.mark.parametrize("surrounding", SURROUNDINGS)
def test_ordinary_literals_stay_in_suggestive_places(surrounding: str) -> None:
    """The same holds next to names such as key, token and password."""
    values = ordinary_values()
    wrong = [value for value in values if redact(surrounding.replace("{}", value)).kinds]
    assert len(wrong) <= 0.02 * len(values), wrong


@pytest.mark.parametrize(
    "value",
    ["changeme", "<password>", "${DB_PASSWORD}", "{0}", "your-key-here", "", "$(Secret)", "%SECRET%", "xxxxxxxxxxxxxxxxxxxx",
     "password", "********", "YOUR_API_KEY_1234567890", "#{Octopus.Password}#", "insert-api-key-here-1234", "null", "TODO: 1"],
)  # fmt: skip
def test_placeholders_stay(value: str) -> None:
    """What stands for a secret is worth seeing: the code is probably right."""
    for source in (
        f'Password = "{value}";',
        f'"ApiKey": "{value}"',
        f'var c = "Server=db;User Id=app;Password={value};Encrypt=true";',
        f"amqp://app:{value}@rabbit/",
        f'new NetworkCredential("app", "{value}")',
    ):
        assert redact(source) == (source, ()) or redact(source).kinds == ()


@pytest.mark.parametrize(
    "source",
    [
        "Password = model.Password;",
        "password = GetPassword();",
        "var pwd=input;",
        "name = user = password = tieBreaker = host = null;",
        'var c = $"Server=db;User Id={user};Password={password};";',
        'var c = "Server=db;User Id=app;Password=" + password + ";Encrypt=true";',
        'if (pem.StartsWith("-----BEGIN '
        + 'PRIVATE KEY-----"))\n{\n    Load(pem, "-----END '
        + 'PRIVATE KEY-----");\n}',
        "void Save(CancellationToken cancellationToken = default)",
        'public string PasswordHash { get; set; } = "";',
        'o.SelectToken("Manufacturers[0].Products[1].Name")',
        'HasAlternateKey("AlternateKeyColumn1", "AlternateKeyColumn2")',
        "@keys1='0a47bcb7-a1cb-4345-8944-c58f82d6aac7'",
        '[assembly: InternalsVisibleTo("Acme.Tests, PublicKey=00240000048000009400000006020000002400005253413100040000")]',
        'public const string InvalidPassword = "28P01";',
    ],
)
def test_code_that_handles_secrets_stays(source: str) -> None:
    """Code is not mistaken for the secret that it handles."""
    assert redact(source).kinds == ()
    assert redact(source).text == source


# --- for every text ----------------------------------------------------------------------------------------

FRAGMENTS = st.sampled_from(
    [secret for _, secret in FORMATS[:45]]
    + [source for source, _ in CONTEXTS]
    + [
        "[REDACTED",
        "[REDACTED:jwt:1]",
        "[REDACTED]",
        ":1]",
        '"',
        "'",
        ";",
        "\n",
        "\r\n",
        "\\n",
        " ",
        "=",
        "://",
        "@",
        ":",
        "]",
    ]
    + ['" + "', '" +\n    "', "Cookie: ", "?api_key=", "// password: ", "pass$w0rd", '"kty"', "Private-Lines: 1\n"]
    + ["Password=", "password = ", "Server=", "key", "secret", "token: ", "a1B2c3D4e5F6g7H8", "İ", "中", "Bearer "]
    + ["-----BEGIN " + "PRIVATE KEY-----", "-----END " + "PRIVATE KEY-----", PEM_BODY[0]]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(FRAGMENTS, st.text(max_size=8)), max_size=12).map("".join))
def test_redacting_twice_finds_nothing_new(text: str) -> None:
    """The result of redact has no secret left that redact would find, and as many lines as the text."""
    once = redact(text)
    assert redact(once.text).text == once.text
    assert redact(once.text).kinds == ()
    assert set(once.kinds) <= set(kinds())
    for end in ("\n", "\r"):
        assert once.text.count(end) == text.count(end)


@given(st.text(alphabet=string.ascii_lowercase + " .,;()\n", max_size=400))
def test_plain_words_are_untouched(text: str) -> None:
    """A text without digits, quotes and signs of assignment is returned as it is."""
    assert redact(text).text == text


UNITS = """
a|"|=|sk-|eyJ|eyJa.|password=|password="|Password = '|://|://a:|token:|key |@//|Bearer |[REDACTED|AKIA|Credential(|A1b2
" + "|"a" + "b"|kty|"kty":"|{"kty"|?key=|?key=a1b2c3d4e5f6g7h8|cookie: a=b1|.AppendChar(|sqlcmd -P |curl -u a|MHcCAQEEI|CfDJ8|MT|pat|dp.
// password: |password is |password = a ?? |password ? |password = a ? "b" : |token = new A(|""key"":""|EAAA|AgEAMB|bearer", "|"+"+
password=a;|password=ab1;|<D>|secret.|glpat-a|x@|[REDACTED:jwt:1]|password=[REDACTED:jwt:1]b;|+ASt|İ|key="a1|-us|sig=a
""".strip().replace("\n", "|")
LONG = [
    *UNITS.split("|"),
    " ",
    "\n",
    '" +\n  "',
    "Private-Lines: 1\n",
    "MHcCAQEEI" + "aA1" * 20 + "\n",
    "key:\n",
    "-----BEGIN " + "PRIVATE KEY-----",
    "-----END " + "PRIVATE KEY-----\n",
]


@pytest.mark.parametrize("unit", LONG)
def test_no_text_takes_long(unit: str) -> None:
    """A hundred thousand characters of what rules look for take a second at the very most."""
    start = time.process_time()
    redact(unit * (100_000 // len(unit)))
    assert time.process_time() - start < 8


def test_source_without_secrets_is_fast() -> None:
    """Two hundred thousand characters of ordinary source, which take some ten milliseconds, do not take seconds."""
    line = "        var record = await _context.Records.FirstOrDefaultAsync(r => r.Key == key, cancellationToken);\n"
    text = line * (200_000 // len(line))
    redact(text)
    start = time.perf_counter()
    assert redact(text).text == text
    assert time.perf_counter() - start < 10


def test_bytes_that_are_no_text() -> None:
    """A file's name may hold bytes that are not text: they stay, and secrets beside them are found."""
    name = b"src/\xff\x9b Orders.cs".decode("utf-8", "surrogateescape")
    assert redact(name).text == name
    secret = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    assert redact(f"{name}: {secret}").text == f"{name}: [REDACTED:{redact(secret).kinds[0]}:1]"


@pytest.mark.parametrize(
    "source",
    [
        'ldap.Bind("cn=admin,dc=acme,dc=org", "{}");',
        'connection.BindAsync("uid=svc,ou=apps,dc=acme", password: "{}");',
        "// log in as admin with the password {} on the staging box",
        "// das Kennwort {} gilt bis Mai",
    ],
)
def test_a_password_after_an_entry_of_a_directory_or_its_own_word(source: str) -> None:
    """A bind's password needs no sign that no name has, nor does one with a digit for a letter after the word for it."""
    for secret in ("Dir3ct" + "xPuJ", "Wint3r" + "-IsVzeL"):
        assert secret not in redact(source.format(secret)).text


@pytest.mark.parametrize("name", ["passwordLabel2", "secretName32", "tokenType9", "passwordPattern10"])
def test_a_numbered_name_of_a_label_is_one_of_a_label(name: str) -> None:
    """What is named a label, name or pattern is none of a password either when it is numbered."""
    source = f'var {name} = "redis:6379,ssl=True,abortConnect=False";'
    assert redact(source).text == source


def test_a_word_after_the_one_for_a_password_stays() -> None:
    """Types and techniques that a comment names after that word are left."""
    source = "// the password Base64Encoder, a password OAuth2Flow and the password Argon2Hasher use"
    assert redact(source).text == source
