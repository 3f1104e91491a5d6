"""Realistic secrets, invented anew in each run from a fixed seed, and the C# in which people leave them.

Prefixes are put together from parts, so that no file of this repository holds a token that the scanners of hosting
sites would stop. The forms are those that the makers document, or that are in the rules of gitleaks.
"""

from __future__ import annotations

import base64
import json
import random
import re
import string
from collections.abc import Iterator
from typing import NamedTuple

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALNUM = string.ascii_letters + DIGITS
HEX = "0123456789abcdef"
URLSAFE = ALNUM + "-_"
BASE64 = ALNUM + "+/"
SEED = 20261123


class Leak(NamedTuple):
    """C# statements or comments, and the parts of them that may not be seen anywhere."""

    name: str
    source: str
    hidden: tuple[str, ...]


class Maker:
    """Makes secrets; the same seed makes the same ones."""

    def __init__(self, seed: int = SEED) -> None:
        self.random = random.Random(seed)

    def some(self, alphabet: str, length: int) -> str:
        """So many random characters, with at least one digit and one letter where the alphabet has them."""
        while True:
            text = "".join(self.random.choice(alphabet) for _ in range(length))
            if re.search(r"\d", text) and (re.search("[A-Za-z]", text) or alphabet.isdigit()):
                return text

    def encoded(self, size: int) -> str:
        """The Base64 of so many random bytes."""
        return base64.b64encode(self.random.randbytes(size)).decode()

    def web(self, text: str) -> str:
        """Base64 for addresses, without padding."""
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def jwt(self) -> str:
        """A signed token with invented claims."""
        claims = f'{{"sub":"{self.some(DIGITS, 10)}","name":"Jo Doe","iat":17{self.some(DIGITS, 8)}}}'
        head = self.web('{"alg":"HS256","typ":"JWT"}')
        return f"{head}.{self.web(claims)}.{self.some(URLSAFE, 43)}"

    def password(self) -> str:
        """What a policy asks for: letters of both cases, digits and a sign."""
        words = ("Winter", "Kestrel", "Orbit", "Maple", "Falcon", "Quartz", "Harbor", "Pepper")
        return f"{self.random.choice(words)}{self.some(DIGITS, 3)}{self.random.choice('!#$%*+?^')}{self.some(ALNUM, 3)}"

    def formats(self) -> Iterator[tuple[str, str]]:  # noqa: PLR0915
        """Name and value of one secret of each format that can be told on its own."""
        s = self.some
        yield "aws access key", "AK" + "IA" + s(UPPER + "234567", 16)
        yield "aws temporary key", "AS" + "IA" + s(UPPER + "234567", 16)
        yield "aws session token", "IQoJ" + "b3JpZ2lu" + "X2Vj" + s(BASE64, 320) + "=="
        yield "aws bedrock key", "AB" + "SK" + s(BASE64, 128)
        yield "azure storage key", s(BASE64, 76) + "+A" + "St" + s(ALNUM, 6) + "=="
        yield "azure client secret", s(ALNUM, 3) + "8" + "Q~" + s(ALNUM, 34)
        yield "azure devops token", s(ALNUM, 76) + "AZ" + "DO" + s(ALNUM, 4)
        yield "azure service key", s(ALNUM, 52) + "JQQ" + "J99" + s(ALNUM, 26)
        yield "azure function key", s(URLSAFE, 44) + "Az" + "Fu" + s(ALNUM, 6) + "=="
        yield "google api key", "AI" + "za" + s(URLSAFE, 34) + "x"
        yield "google oauth secret", "GOC" + "SPX-" + s(URLSAFE, 28)
        yield "google access token", "ya" + "29." + s(URLSAFE, 160)
        yield "google refresh token", "1/" + "/0" + s(URLSAFE, 60)
        yield "firebase server key", "AA" + "AA" + s(URLSAFE, 7) + ":APA" + "91b" + s(URLSAFE, 134)
        yield "github classic", "gh" + "p_" + s(ALNUM, 36)
        yield "github oauth", "gh" + "o_" + s(ALNUM, 36)
        yield "github app", "gh" + "s_" + s(ALNUM, 36)
        yield "github fine-grained", "github" + "_pat_" + s(ALNUM, 22) + "_" + s(ALNUM, 59)
        yield "gitlab personal", "glp" + "at-" + s(URLSAFE, 20)
        yield "gitlab runner", "glr" + "t-" + s(URLSAFE, 20)
        yield "slack bot", "xo" + "xb-" + s(DIGITS, 12) + "-" + s(DIGITS, 12) + "-" + s(ALNUM, 24)
        yield "slack app", "xa" + "pp-1-A" + s(UPPER + DIGITS, 10) + "-" + s(DIGITS, 13) + "-" + s(HEX, 64)
        yield "stripe live", "sk" + "_live_" + s(ALNUM, 24)
        yield "stripe restricted", "rk" + "_live_" + s(ALNUM, 99)
        yield "stripe webhook", "wh" + "sec_" + s(ALNUM, 32)
        yield "sendgrid", "S" + "G." + s(URLSAFE, 22) + "." + s(URLSAFE, 43)
        yield "twilio api key", "S" + "K" + s(HEX, 32)
        yield "openai", "sk-" + s(ALNUM, 20) + "T3Blbk" + "FJ" + s(ALNUM, 20)
        yield "openai project", "sk-" + "proj-" + s(URLSAFE, 74) + "T3Blbk" + "FJ" + s(URLSAFE, 74)
        yield "anthropic", "sk-" + "ant-api03-" + s(URLSAFE, 93) + "AA"
        yield "hugging face", "h" + "f_" + s(ALNUM, 34)
        yield "groq", "gs" + "k_" + s(ALNUM, 52)
        yield "xai", "xa" + "i-" + s(ALNUM, 80)
        yield "perplexity", "pp" + "lx-" + s(ALNUM, 48)
        yield "replicate", "r" + "8_" + s(ALNUM, 37)
        yield "npm", "np" + "m_" + s(ALNUM, 36)
        yield "nuget", "o" + "y2" + s(LOWER + DIGITS, 43)
        yield "pypi", "pypi-" + "AgEIcHlwaS5vcmc" + s(URLSAFE, 150)
        yield "rubygems", "ruby" + "gems_" + s(HEX, 48)
        yield "jwt", self.jwt()
        yield "telegram", s(DIGITS[1:], 10) + ":A" + "A" + s(ALNUM, 33)
        yield "discord", "MT" + self.web(s(DIGITS[1:], 18))[2:] + ".G" + s(ALNUM, 5) + "." + s(URLSAFE, 38)
        yield "mailgun", "ke" + "y-" + s(HEX, 32)
        yield "mailchimp", s(HEX, 32) + "-u" + "s14"
        yield "square access", "EA" + "AAl" + s(URLSAFE, 59)
        yield "square oauth", "sq0" + "csp-" + s(URLSAFE, 43)
        yield "shopify", "shp" + "at_" + s(HEX, 32)
        yield "databricks", "da" + "pi" + s(HEX, 32)
        yield "digitalocean", "dop" + "_v1_" + s(HEX, 64)
        yield "cloudflare origin", "v1" + ".0-" + s(HEX, 24) + "-" + s(HEX, 146)
        yield "dropbox", "s" + "l." + "u." + s(URLSAFE, 130)
        yield "newrelic user", "NR" + "AK-" + s(UPPER + DIGITS, 27)
        yield "newrelic licence", s(HEX, 36) + "NR" + "AL"
        yield "sentry organisation", "sntr" + "ys_" + s(BASE64, 60)
        yield "sentry user", "sntr" + "yu_" + s(HEX, 64)
        yield "vault", "hv" + "s." + s(URLSAFE, 95)
        yield "terraform", s(ALNUM, 14) + ".atlas" + "v1." + s(ALNUM, 67)
        yield "grafana", "gl" + "sa_" + s(ALNUM, 32) + "_" + s(HEX, 8)
        yield "docker", "dckr" + "_pat_" + s(URLSAFE, 27)
        yield "atlassian", "ATA" + "TT3" + s(URLSAFE, 180) + "=1A2B3C4D"
        yield "postman", "PM" + "AK-" + s(HEX, 24) + "-" + s(HEX, 34)
        yield "linear", "lin" + "_api_" + s(ALNUM, 40)
        yield "notion", "nt" + "n_" + s(DIGITS, 11) + s(ALNUM, 35)
        yield "airtable", "pa" + "t" + s(ALNUM, 14) + "." + s(HEX, 64)
        yield "figma", "fig" + "d_" + s(URLSAFE, 40)
        yield "supabase", "sb" + "p_" + s(HEX, 40)
        yield "planetscale", "psc" + "ale_tkn_" + s(URLSAFE, 43)
        yield "doppler", "dp" + ".st.prd." + s(ALNUM, 43)
        yield "pulumi", "pu" + "l-" + s(HEX, 40)
        yield "heroku", "HRK" + "U-" + "AA" + s(URLSAFE, 58)
        yield "braintree", "access_token$" + "production$" + s(LOWER + DIGITS, 16) + "$" + s(HEX, 32)
        yield "data protection", "Cf" + "DJ8" + s(URLSAFE, 150)
        yield "age", "AGE-SECRET-" + "KEY-1" + s(UPPER + DIGITS, 58)
        yield "pkcs8 rsa", "MIIE" + "vQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ" + s(BASE64, 400) + "=="
        yield "pkcs1 rsa", "MIIE" + "pAIBAAKCAQEA" + s(BASE64, 400) + "=="
        yield "pkcs8 ec", "MIGH" + "AgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg" + s(BASE64, 120)
        yield "sec1 ec", "MHc" + "CAQEEI" + s(BASE64, 150) + "=="

    def pem(self, label: str, lines: int) -> list[str]:
        """The lines of a PEM block."""
        body = [self.some(BASE64, 64) for _ in range(lines)]
        return ["-----BEGIN " + label + "-----", *body, self.some(BASE64, 30) + "==", "-----END " + label + "-----"]

    def blocks(self) -> Iterator[Leak]:
        """Private keys, as lines and on one line."""
        labels = (
            "RSA PRIVATE " + "KEY", "EC PRIVATE " + "KEY", "PRIVATE " + "KEY", "OPENSSH PRIVATE " + "KEY",
            "ENCRYPTED PRIVATE " + "KEY", "DSA PRIVATE " + "KEY", "PGP PRIVATE " + "KEY BLOCK",
        )  # fmt: skip
        for label in labels:
            lines = self.pem(label, 6)
            yield Leak(f"{label} verbatim", 'var a = @"' + "\n".join(lines) + '";', tuple(lines[1:-1]))
            lines = self.pem(label, 6)
            yield Leak(f"{label} on one line", 'var a = "' + "\\n".join(lines) + '\\n";', tuple(lines[1:-1]))
        lines = self.pem("PRIVATE " + "KEY", 6)
        raw = 'var a = """\n' + "".join(f"    {line}\n" for line in lines) + '    """;'
        yield Leak("raw literal", raw, tuple(lines[1:-1]))
        lines = self.pem("RSA PRIVATE " + "KEY", 6)
        joined = "var a = " + " +\n    ".join(f'"{line}\\n"' for line in lines) + ";"
        yield Leak("concatenated", joined, tuple(lines[1:-1]))
        lines = self.pem("EC PRIVATE " + "KEY", 4)
        yield Leak("in comments", "\n".join(f"// {line}" for line in lines), tuple(lines[1:-1]))
        lines = self.pem("RSA PRIVATE " + "KEY", 4)
        account = {
            "type": "service_account", "project_id": "acme-orders", "private_key": "\n".join([*lines, ""]),
            "client_email": "svc@acme-orders.iam.gserviceaccount.com",
        }  # fmt: skip
        text = json.dumps(account).replace('"', '""')
        yield Leak("google service account", f'var a = @"{text}";', tuple(lines[1:-1]))
        lines = self.pem("PRIVATE " + "KEY", 4)
        text = json.dumps({"private_key": "\n".join(lines)}).replace("\\", "\\\\").replace('"', '\\"')
        yield Leak("service account, escaped", f'var a = "{text}";', tuple(lines[1:-1]))
        body = [self.some(BASE64, 64) for _ in range(3)]
        text = "PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 3\n" + "\n".join(body) + "\nPrivate-MAC: 00"
        yield Leak("putty", f'var a = @"{text}";', tuple(body))
        d = self.some(URLSAFE, 43)
        jwk = f'{{""kty"":""EC"",""crv"":""P-256"",""x"":""{self.some(URLSAFE, 43)}"",""d"":""{d}""}}'
        yield Leak("jwk", f'var a = @"{jwk}";', (d,))

    def connections(self) -> Iterator[Leak]:
        """Connection strings of databases and brokers, two or more of each dialect."""
        dialects = {
            "sql server": (
                'var a = "Server=tcp:db.acme.local,1433;Database=Orders;User Id=app;Password={};Encrypt=True";',
                'var a = @"Data Source=.\\SQL2019;Initial Catalog=Orders;uid=app;pwd={}";',
                '// <add name="Orders" connectionString="Server=db;User ID=app;Password={};Pooling=true" />',
                'var a = $"Server={host};Database=Orders;User Id=app;Password={};Encrypt=True";',
            ),
            "postgresql": (
                'var a = "Host=pg;Port=5432;Username=app;Password={};Database=orders";',
                'var a = "host=pg user=app password={} dbname=orders sslmode=require";',
                'var a = "postgres://app:{}@pg.acme.local:5432/orders";',
                'var a = "postgresql://app:{}@pg/orders?sslmode=require";',
            ),
            "mysql": (
                'var a = "Server=mysql;Uid=app;Pwd={};SslMode=Required;";',
                'var a = "mysql://app:{}@mysql:3306/orders";',
            ),
            "mongodb": (
                'var a = "mongodb://app:{}@mongo.acme.local:27017/?authSource=admin";',
                'var a = "mongodb+srv://app:{}@cluster0.acme.net/orders?w=majority";',
            ),
            "redis": (
                'var a = "cache.acme.local:6380,password={},ssl=True,abortConnect=False";',
                'var a = "redis://:{}@cache.acme.local:6379/0";',
                'var a = "rediss://app:{}@cache.acme.local:6380";',
            ),
            "rabbitmq": (
                'var a = "amqp://app:{}@rabbit.acme.local:5672/orders";',
                'var a = "host=rabbit;virtualHost=orders;username=app;password={}";',
            ),
            "oracle": (
                'var a = "User Id=scott;Password={};Data Source=(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=o)(PORT=1521)))";',
                'var a = "scott/{}@//oracle.acme.local:1521/XEPDB1";',
                'var a = "Data Source=orcl;User Id=scott;Password=\\"{}\\";";',
            ),
            "smtp": ('var a = "smtp://mailer:{}@smtp.acme.local:587";', 'var a = "smtp://mailer%40acme.com:{}@smtp.a.com";'),
            "sqlite": (
                'var a = "Data Source=orders.db;Password={}";',
                'var a = """\n    Data Source=orders.db;\n    Password={};\n    """;',
            ),
            "elasticsearch": (
                'var a = new Uri("https://elastic:{}@search.acme.local:9200");',
                'var a = "https://elastic:{}@search.acme.local";',
            ),
        }  # fmt: skip
        for name, forms in dialects.items():
            for form in forms:
                word = self.password()
                if "://" in form or "@//" in form or " password=" in form:
                    word = re.sub(r"[#?%+$^]", "!", word)
                yield Leak(name, form.replace("{}", word), (word,))
        keyed = {
            "azure storage": "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={};EndpointSuffix=core.windows.net",
            "cosmos": "AccountEndpoint=https://acme.documents.azure.com:443/;AccountKey={};",
            "service bus": "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={}",
            "event hub": "Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=s;SharedAccessKey={};EntityPath=orders",
            "iot hub": "HostName=acme.azure-devices.net;DeviceId=d1;SharedAccessKey={}",
            "signalr": "Endpoint=https://acme.service.signalr.net;AccessKey={};Version=1.0;",
            "communication": "endpoint=https://acme.communication.azure.com/;accesskey={}",
            "app configuration": "Endpoint=https://acme.azconfig.io;Id=a1b2-l0-s0:Xy;Secret={}",
        }
        for name, form in keyed.items():
            for quote in ('"', '@"'):
                key = self.encoded(64 if name in ("azure storage", "cosmos", "signalr") else 32)
                yield Leak(name, f'var a = {quote}{form.replace("{}", key)}";', (key,))
        for sas in ("https://acme.blob.core.windows.net/c?sv=2023-01-03&se=2030-01-01&sr=c&sp=rl&sig={}",
                    "SharedAccessSignature sr=acme.servicebus.windows.net&sig={}&se=1893456000&skn=Root"):  # fmt: skip
            for _ in range(2):
                key = self.some(ALNUM, 40) + "%2B" + self.some(ALNUM, 4) + "%3D"
                yield Leak("shared access signature", f'var a = "{sas.replace("{}", key)}";', (key,))

    def addresses(self) -> Iterator[Leak]:
        """Secrets in addresses and headers."""
        s = self.some
        for _ in range(2):
            path = f"T{s(UPPER + DIGITS, 9)}/B{s(UPPER + DIGITS, 10)}/{s(ALNUM, 24)}"
            yield Leak("slack webhook", f'var a = "https://hooks.slack.com/services/{path}";', (path[-24:],))
            token = s(URLSAFE, 68)
            yield Leak("discord webhook", f"// https://discord.com/api/webhooks/{s(DIGITS, 18)}/{token}", (token,))
            token = f"{s(HEX, 32)}/{s(HEX, 8)}-{s(HEX, 4)}-{s(HEX, 4)}-{s(HEX, 4)}-{s(HEX, 12)}"
            uuid = "0f8fad5b-d9cb-469f-a165-70867728950e"
            yield Leak(
                "teams webhook",
                f'var a = "https://acme.webhook.office.com/webhookb2/{uuid}@{uuid}/IncomingWebhook/{token}";',
                (token,),
            )
            token = s(HEX, 32)
            yield Leak(
                "sentry dsn", f'var a = "https://{token}@o{s(DIGITS, 6)}.ingest.sentry.io/{s(DIGITS, 7)}";', (token,)
            )
            word = self.password().replace("#", "!").replace("?", "!").replace("%", "!")
            yield Leak(
                "basic auth address", f'var a = new Uri("https://deploy:{word}@packages.acme.local/nuget");', (word,)
            )
            token = s(URLSAFE, 48)
            yield Leak(
                "bearer header", f'client.DefaultRequestHeaders.Add("Authorization", "Bearer {token}");', (token,)
            )
            token = s(URLSAFE, 48)
            yield Leak(
                "bearer in a comment", f"// curl -H 'Authorization: Bearer {token}' https://api.acme.local", (token,)
            )
            token = s(ALNUM, 40)
            yield Leak(
                "authentication header",
                f'request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "{token}");',
                (token,),
            )
            token = base64.b64encode(f"deploy:{self.password()}".encode()).decode()
            yield Leak("basic header", f'headers["Authorization"] = "Basic {token}";', (token,))
            token = "00" + s(URLSAFE, 40)
            yield Leak("okta header", f'request.Headers.Add("Authorization", "SSWS {token}");', (token,))
            token = s(HEX, 40)
            yield Leak("token header", f'request.Headers.Add("Authorization", "token {token}");', (token,))
            token = s(ALNUM, 40)
            yield Leak("cookie", f'request.Headers.Add("Cookie", "theme=dark; sessionid={token}; lang=en");', (token,))
            token = s(ALNUM, 32)
            yield Leak("set-cookie", f"// Set-Cookie: .AspNet.Session={token}; HttpOnly", (token,))
            token = s(ALNUM, 32)
            yield Leak(
                "query parameter", f'var a = "https://api.acme.local/v1/orders?api_key={token}&page=1";', (token,)
            )
            token = s(URLSAFE, 40)
            yield Leak("access token parameter", f'var a = "https://api.acme.local/me?access_token={token}";', (token,))

    def assignments(self) -> Iterator[Leak]:
        """Secrets that only the name beside them gives away."""
        s = self.some
        for _ in range(2):
            word = self.password
            forms = {
                "assignment": ('var password = "{}";', word()),
                "constant": ('const string DbPassword = "{}";', word()),
                "property": ('options.Password = "{}";', word()),
                "initialiser": ('var a = new Options { UserName = "app", Password = "{}" };', word()),
                "named argument": ('Connect(user: "app", password: "{}");', word()),
                "comparison": ('if (password == "{}") return 1;', word()),
                "verbatim": ('var pwd = @"{}";', word()),
                "interpolated": ('var password = $"{}";', word()),
                "raw": ('var password = """{}""";', word()),
                "default value": ('void Open(string user, string password = "{}") { }', word()),
                "coalesced": ('var password = Environment.GetEnvironmentVariable("DB_PASSWORD") ?? "{}";', word()),
                "conditional": ('var password = isTest ? "{}" : Read();', word()),
                "configuration": ('builder.Configuration["Smtp:Password"] = "{}";', word()),
                "dictionary": ('var a = new Dictionary<string, string> { { "password", "{}" } };', word()),
                "pair": ('var a = new KeyValuePair<string, string>("password", "{}");', word()),
                "credential": ('var a = new NetworkCredential("mailer", "{}");', word()),
                "credential with domain": ('var a = new NetworkCredential("mailer", "{}", "ACME");', word()),
                "attribute": ('[Credentials(User = "app", Password = "{}")] void Open() { }', word()),
                "xml comment": ('// <add key="SmtpPassword" value="{}" />', word()),
                "element": ('// <Password>{}</Password>', word()),
                "json": ('var a = "{ \\"user\\": \\"app\\", \\"password\\": \\"{}\\" }";', word()),
                "json, verbatim": ('var a = @"{ ""user"": ""app"", ""password"": ""{}"" }";', word()),
                "login": ("db.Execute(\"CREATE LOGIN app WITH PASSWORD = '{}'\");", word()),
                "form": ('var a = "grant_type=password&username=app&password={}";', s(ALNUM, 12)),
                "remark": ("// the password is {}", word()),
                "remark with a colon": ("// user: app, password: {}", word()),
                "command": ("// sqlcmd -S db -U app -P {}", word()),
                "secure string": ('foreach (var c in "{}") securePassword.AppendChar(c);', word()),
                "concatenated": ('var password = "{}" + "{}";', word(), word()),
                "concatenated connection": ('var a = "Server=db;User Id=app;" +\n    "Password=" + "{}" + ";Encrypt=True";', word()),
                "connection in parts": ('var a = "Server=db;Database=Orders;User Id=app;"\n    + "Password={};Encrypt=True";', word()),
                "api key": ('const string ApiKey = "{}";', s(ALNUM, 32)),
                "aws secret": ('var a = new BasicAWSCredentials(id, "{}");', s(BASE64, 40)),
                "aws secret by name": ('config["AWS_SECRET_ACCESS_KEY"] = "{}";', s(BASE64, 40)),
                "mailgun by name": ('options.MailgunApiKey = "{}";', f"{s(HEX, 32)}-{s(HEX, 8)}-{s(HEX, 8)}"),
                "twilio auth token": ('TwilioClient.Init(accountSid, authToken: "{}");', s(HEX, 32)),
                "cloudflare": ('var cloudflareApiToken = "{}";', s(URLSAFE, 40)),
                "okta": ('var a = new OktaOptions { Token = "{}" };', "00" + s(URLSAFE, 40)),
                "signing key": ('var signingKey = new SymmetricSecurityKey(Encoding.UTF8.GetBytes("{}"));', s(ALNUM, 48)),
                "encryption key": ('aes.Key = Convert.FromBase64String("{}");', self.encoded(32)),
                "client secret": ('app.AddClient(id, clientSecret: "{}");', s(URLSAFE, 40)),
                "header": ('client.DefaultRequestHeaders.Add("X-Api-Key", "{}");', s(ALNUM, 32)),
                "subscription": ('request.Headers["Ocp-Apim-Subscription-Key"] = "{}";', s(HEX, 32)),
                "machine key": ('// <machineKey validationKey="{}" decryptionKey="{}" />', s(HEX, 64).upper(), s(HEX, 48).upper()),
                "environment": ("// export STRIPE_SECRET={}", s(ALNUM, 32)),
                "yaml": ("// client_secret: {}", s(ALNUM, 40)),
                "key split in two": ('var a = "AK' + 'IA{}" + "{}";', s(UPPER + "234567", 8), s(UPPER + "234567", 8)),
                "split at the prefix": ('var a = "gh' + 'p_" +\n    "{}" + "{}";', s(ALNUM, 18), s(ALNUM, 18)),
            }  # fmt: skip
            for name, (form, *values) in forms.items():
                source = form
                for value in values:
                    source = source.replace("{}", value, 1)
                yield Leak(name, source, tuple(values))


CARRIERS = (
    'var a = "{}";',
    "// {}",
    'var b = @"{}";',
    'Use($"{one} {}");',
    'var c = """{}""";',
    '[InlineData("{}", 1)] void T() { }',
    "/* see\n   {}\n   */",
    'Assert.Equal("{}", x);',
    '/// <summary>{}</summary>',
    'yield return "https://acme.example/?a={}&b=1";',
)  # fmt: skip
"""How a secret that can be told on its own is in code, under names that say nothing."""


def leaks() -> list[Leak]:
    """All of them: each key format twice, connection strings, private keys, headers, and telling names."""
    maker = Maker()
    values = [*maker.formats(), *maker.formats()]
    known = [
        Leak(name, CARRIERS[number % len(CARRIERS)].replace("{}", value), (value,))
        for number, (name, value) in enumerate(values)
    ]
    return [*known, *maker.connections(), *maker.blocks(), *maker.addresses(), *maker.assignments()]
