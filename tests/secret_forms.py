"""Secrets that are put together, escaped or encoded in C#, of many makers, in many words, and half of them cut off.

The second corpus beside ``secret_samples``, written before the rules that find it. Nothing here is a token as it
stands: prefixes are put together from parts.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from tests.secret_samples import ALNUM, BASE64, DIGITS, HEX, LOWER, UPPER, URLSAFE, Leak, Maker

FORMS_SEED = 20261129


def escaped(text: str, form: str) -> str:
    """Every character by its number: ``\\u0073`` for the form ``\\u%04x``."""
    return "".join(form % ord(letter) for letter in text)


def runs(source: str, *, size: int = 24) -> tuple[str, ...]:
    """The source in runs that are long enough to be known by."""
    return tuple(source[at : at + size] for at in range(0, max(1, len(source) - size), size))


TOGETHER = {
    "interpolated constants": 'const string Prefix = "{p}";\nconst string Rest = "{r}";\nvar a = $"{{Prefix}}{{Rest}}";',
    "interpolated readonly": 'static readonly string P1 = "{p}";\nprivate readonly string P2 = "{r}";\nUse($"{{P1}}{{P2}}");',
    "interpolated, far apart": 'const string Tail = "{r}";\nint x = 1;\nUse("other", "words");\nLog("more of them");\nvar a = $"{p}{{Tail}}";',
    "constants with +": 'const string Tail = "{r}";\nUse("other", "words");\nvar a = Lead + Tail;\nconst string Lead = "{p}";',
    "constant and literal": 'const string Lead = "{p}";\nUse("other things");\nvar a = Lead + "{r}";',
    "concat": 'var a = string.Concat("{p}", "{r}");',
    "concat of an array": 'var a = string.Concat(new[] {{ "{p}", "{r1}", "{r2}" }});',
    "String.Concat on lines": 'var a = String.Concat(\n    "{p}",\n    "{r1}",\n    "{r2}");',
    "format": 'var a = string.Format("{{0}}{{1}}", "{p}", "{r}");',
    "format in another order": 'var a = string.Format("{{1}}{{2}}{{0}}", "{r2}", "{p}", "{r1}");',
    "format with the prefix": 'var a = string.Format("{p}{{0}}", "{r}");',
    "format with culture": 'var a = string.Format(CultureInfo.InvariantCulture, "{p}{{0}}{{1}}", "{r1}", "{r2}");',
    "formatted": 'var a = "{p}{{0}}".FormatWith("{r}");',
    "join": 'var a = string.Join("", "{p}", "{r1}", "{r2}");',
    "join of an array": 'var a = string.Join(string.Empty, new[] {{ "{p}", "{r1}", "{r2}" }});',
    "builder": 'var a = new StringBuilder("{p}").Append("{r1}").Append("{r2}").ToString();',
    "builder on lines": 'var sb = new StringBuilder();\nsb.Append("{p}");\nsb.Append("{r1}");\nsb.Append("{r2}");\nvar a = sb.ToString();',
    "builder with formats": 'sb.AppendFormat("{{0}}", "{p}").AppendFormat("{{0}}", "{r}");',
    "plus assign": 'var a = "{p}";\na += "{r1}";\na += "{r2}";',
    "assigned again": 'var a = "{p}";\na = a + "{r1}";\na = a + "{r2}";',
    "plus over a comment": 'var a = "{p}" /* the prefix */ + "{r1}" + // the middle\n    "{r2}";',
    "plus over lines": 'var a = "{p}"\n\n    +\n\n    "{r1}"\n    + "{r2}";',
    "plus in parentheses": 'var a = ("{p}" + ("{r1}" + "{r2}"));',
    "plus of a char": 'var a = "{p}" + \'{c}\' + "{d}";',
    "char array": "var a = new string(new[] {{ {chars} }});",
    "char array, typed": "char[] a = new char[] {{ {chars} }};",
    "char collection": "ReadOnlySpan<char> a = [{chars}];",
    "char plus": 'var a = "" + {pluschars};',
    "unicode escapes": 'var a = "{u4}";',
    "unicode escapes of the prefix": 'var a = "{pu4}{r}";',
    "hex escapes": 'var a = "{x4}";',
    "capital escapes": 'var a = "{U8}";',
    "escapes and +": 'var a = "{pu4}" + "{r}";',
    "verbatim": 'var a = @"{p}" + @"{r}";',
    "raw": 'var a = """{p}""" + """{r}""";',
    "utf-8": 'ReadOnlySpan<byte> a = "{p}{r}"u8;',
    "utf-8 in parts": 'var a = "{p}"u8 + "{r}"u8;',
    "bytes in hex": "var a = new byte[] {{ {bytesx} }};",
    "bytes in decimal": "byte[] a = {{ {bytesd} }};",
    "byte collection": "ReadOnlySpan<byte> a = [{bytesx}];",
    "base64": 'var a = Encoding.UTF8.GetString(Convert.FromBase64String("{b64}"));',
    "base64, named": 'var encoded = "{b64}";',
    "base64 in a comment": "// {b64}",
    "hex": 'var a = Convert.FromHexString("{hex}");',
    "reversed": 'var a = new string("{rev}".Reverse().ToArray());',
    "replaced": 'var a = "{p1}#{p2}{r1}#{r2}".Replace("#", "");',
    "replaced words": 'var a = "PREFIX{r}".Replace("PREFIX", "{p}");',
    "spans": 'var a = string.Concat("{p}".AsSpan(), "{r}".AsSpan());',
    "trimmed": 'var a = "{p} ".TrimEnd() + " {r}".Trim();',
    "inserted": 'var a = "{r}".Insert(0, "{p}");',
    "tuple": 'var (lead, tail) = ("{p}", "{r}");\nvar a = lead + tail;',
    "array and join": 'var parts = new[] {{ "{p}", "{r1}", "{r2}" }};\nvar a = string.Join("", parts);',
    "list": 'parts.Add("{p}");\nparts.Add("{r1}");\nparts.Add("{r2}");',
    "method": 'string Lead() => "{p}";\nstring Tail() => "{r}";\nvar a = Lead() + Tail();',
    "property": 'static string Lead => "{p}";\nUse("x");\nstatic string Tail => "{r}";\nUse("other");\nvar a = $"{{Lead}}{{Tail}}";',
    "class constants": 'static class Part {{ public const string A = "{p}"; public const string B = "{r}"; }}\nvar a = Part.A + Part.B;',
    "local variables": 'var lead = "{p}"; var tail = "{r}"; Use(lead + tail);',
    "nested interpolation": 'var a = $"{{"{p}"}}{{"{r}"}}";',
    "raw interpolation": 'const string Tail = "{r}";\nLog("later");\nvar a = $$"""{p}{{{{Tail}}}}""";',
    "path": 'var a = Path.Combine("{p}", "{r}");',
    "one character at a time": 'sb{appends};',
}  # fmt: skip


WORDS = {
    "yaml in a comment": "// spring:\n//   datasource:\n//     username: app\n//     password: {}",
    "yaml": "/*\ndb:\n  user: app\n  password: {}\n*/",
    "yaml, quoted": "/*\ndb:\n  password: '{}'\n*/",
    "yaml in a raw literal": 'var a = """\n    db:\n      user: app\n      password: {}\n    """;',
    "yaml list": "/*\n- name: DB_PASSWORD\n  value: {}\n*/",
    "json in a raw literal": 'var a = """\n    {{"user": "app", "password": "{}"}}\n    """;',
    "json with a pin": 'var a = """\n    {{"login": "app", "pass": "{}"}}\n    """;',
    "env in a comment": "// DB_PASSWORD={}",
    "env, quoted": "// DB_PASS='{}'",
    "env in a raw literal": 'var a = """\n    SMTP_PASSWORD={}\n    """;',
    "docker run": "// docker run -e MYSQL_ROOT_PASSWORD={} mysql:8",
    "compose": "/*\nenvironment:\n  - POSTGRES_PASSWORD={}\n*/",
    "xml attribute": '// <smtp host="mail" userName="app" password="{}" />',
    "xml element": "// <password>{}</password>",
    "xml setting": '// <setting name="Password"><value>{}</value></setting>',
    "xml add": '// <add key="db.pwd" value="{}"/>',
    "ini": "/*\n[db]\nuser = app\npassword = {}\n*/",
    "properties": "// jdbc.password = {}",
    "toml": '// password = "{}"',
    "prose": "// For the test system the password is {}",
    "prose without a sign": "// the password is hunter2{w}",
    "prose, quoted": '// Use the password "{}" on staging.',
    "prose with a user": "// log in as admin / {}",
    "prose with a colon": "// admin password: {}",
    "prose, today": "// TODO: the password was changed to {} yesterday",
    "prose, set to": "// password set to {}",
    "prose, pw": "// pw: {}",
    "prose, user and pw": "// user: admin, pw = {}",
    "german prose": "// Das Passwort ist {}",
    "german": 'var passwort = "{}";',
    "german, kennwort": 'var kennwort = "{}";',
    "german colon": "// Kennwort: {}",
    "french": 'var motDePasse = "{}";',
    "french prose": "// Le mot de passe est {}",
    "french colon": "// mot de passe : {}",
    "spanish": 'var contrasena = "{}";',
    "spanish letter": 'var contraseña = "{}";',
    "spanish prose": "// La contraseña es {}",
    "spanish clave": 'var clave = "{}";',
    "portuguese": 'var senha = "{}";',
    "portuguese prose": "// A senha é {}",
    "italian": "// La password è {}",
    "polish": 'var haslo = "{}";',
    "polish letter": "// hasło: {}",
    "dutch": 'var wachtwoord = "{}";',
    "swedish": 'var losenord = "{}"; // lösenord',
    "danish": "// adgangskode: {}",
    "norwegian": 'var passord = "{}";',
    "finnish": 'var salasana = "{}";',
    "czech": 'var heslo = "{}";',
    "turkish": 'var sifre = "{}";',
    "turkish letter": "// şifre: {}",
    "hungarian": 'var jelszo = "{}";',
    "russian": "// пароль: {}",
    "russian prose": "// Пароль для стенда {}",
    "russian name": 'var пароль = "{}";',
    "ukrainian": "// пароль — {}",
    "chinese": "// 密码：{}",
    "chinese prose": "// 密码是 {}",
    "japanese": "// パスワードは {} です",
    "japanese colon": "// パスワード: {}",
    "korean": "// 비밀번호: {}",
    "conditional": 'var password = isTest\n    ? "{}"\n    : "{}";',
    "second of a conditional": 'var password = env.IsProduction() ? Vault.Read() : "{}";',
    "nested conditional": 'var password = a ? "{}" : b ? "{}" : Read();',
    "coalesced": 'string password = args.FirstOrDefault() ?? Environment.GetEnvironmentVariable("PW") ?? "{}";',
    "coalesce assign": 'password ??= "{}";',
    "switch": 'var password = stage switch {{ "dev" => "{}", "prod" => "{}", _ => throw new X() }};',
    "switch on lines": 'var password = stage switch\n{{\n    Stage.Dev => "{}",\n    _ => "{}",\n}};',
    "getter": 'public string Password => "{}";',
    "getter block": 'public string Password {{ get {{ return "{}"; }} }}',
    "getter arrow": 'public string Password {{ get => "{}"; }}',
    "initialised property": 'public string Password {{ get; set; }} = "{}";',
    "required property": 'public required string DbPassword {{ get; init; }} = "{}";',
    "method": 'private static string GetPassword() => "{}";',
    "method block": 'private static string ReadPassword()\n{{\n    return "{}";\n}}',
    "default parameter": 'void Open(string host, string pwd = "{}") {{ }}',
    "attribute": '[Login("app", Password = "{}")] void M() {{ }}',
    "positional attribute": '[SqlLogin(user: "app", pass: "{}")] void M() {{ }}',
    "dictionary": 'var a = new Dictionary<string, string> {{ ["password"] = "{}" }};',
    "dictionary add": 'a.Add("db_password", "{}");',
    "indexer": 'settings["Smtp:Pass"] = "{}";',
    "tuple": 'var login = (user: "app", password: "{}");',
    "deconstruction": 'var (user, password) = ("app", "{}");',
    "anonymous": 'var a = new {{ User = "app", Pass = "{}" }};',
    "func": 'Func<string> password = () => "{}";',
    "lazy": 'var password = new Lazy<string>(() => "{}");',
    "record": 'new Login(User: "app", Password: "{}");',
    "equals": 'if (password.Equals("{}")) return;',
    "equals, static": 'if (string.Equals(password, "{}")) return;',
    "yoda": 'if ("{}" == password) return;',
    "is pattern": 'if (password is "{}") return;',
    "is or": 'if (password is "{}" or "{}") return;',
    "case": 'switch (password)\n{{\n    case "{}":\n        return;\n}}',
    "passwd": 'var db_passwd = "{}";',
    "pw": 'var pw = "{}";',
    "pass": 'var pass = "{}";',
    "pin words": 'const string MasterPwd = "{}";',
    "user pass": 'var userPass = "{}";',
    "chars": 'var password = "{}".ToCharArray();',
    "bytes": 'var password = Encoding.UTF8.GetBytes("{}");',
    "bytes u8": 'ReadOnlySpan<byte> password = "{}"u8;',
    "secure": 'var password = ToSecureString("{}");',
    "target typed": 'SecureString password = new NetworkCredential("", "{}").SecurePassword;',
    "array": 'string[] passwords = {{ "{}", "{}" }};',
    "collection": 'List<string> passwords = ["{}", "{}"];',
    "concat": 'var password = string.Concat("{a}", "{b}");',
    "interpolated constants": 'const string A1 = "{a}";\nUse();\nconst string B1 = "{b}";\nLog("x");\nvar password = $"{{A1}}{{B1}}";',
    "connection of a constant": 'const string Secret1 = "{}";\nLog("x");\nvar c = "Server=db;User Id=app;Password=" + Secret1 + ";";',
    "connection interpolated": 'const string Word = "{}";\nLog("x");\nvar c = $"Server=db;User Id=app;Password={{Word}};";',
    "connection format": 'var c = string.Format("Server=db;User Id=app;Password={{0}};", "{}");',
    "escaped": 'var password = "{u4}";',
}  # fmt: skip


BINDS = {
    "ldap bind": 'connection.Bind("cn=admin,dc=acme,dc=local", "{}");',
    "ldap bind of a name": "connection.Bind(dn, \"{}\");",
    "ldap async": 'await ldap.BindAsync(LdapAuthType.Simple, new LdapCredential {{ UserName = dn, Password = "{}" }});',
    "directory entry": 'var e = new DirectoryEntry("LDAP://dc.acme.local", "ACME\\\\svc", "{}");',
    "validate credentials": 'context.ValidateCredentials("svc", "{}");',
    "principal context": 'var c = new PrincipalContext(ContextType.Domain, "acme.local", "svc", "{}");',
    "sftp": 'var c = new SftpClient("files.acme.local", 22, "deploy", "{}");',
    "sftp without a port": 'var c = new SftpClient(host, "deploy", "{}");',
    "ssh": 'using var ssh = new SshClient("10.0.0.5", "root", "{}");',
    "scp": 'using var c = new ScpClient(host, user, "{}");',
    "password method": 'new PasswordAuthenticationMethod("deploy", "{}");',
    "password connection": 'new PasswordConnectionInfo("files.acme.local", "deploy", "{}");',
    "ftp": 'var c = new FtpClient("ftp.acme.local", "deploy", "{}");',
    "ftp commands": 'Send("USER deploy"); Send("PASS {}");',
    "smtp": 'await client.AuthenticateAsync("mailer", "{}");',
    "smtp sync": 'client.Authenticate("mailer", "{}");',
    "imap login": 'imap.Login("mailer", "{}");',
    "network credential": 'request.Credentials = new NetworkCredential(user, "{}");',
    "target typed credential": 'NetworkCredential credential = new("mailer", "{}");',
    "credentials of an smtp client": 'smtp.Credentials = new("mailer", "{}");',
    "redis auth": 'redis.Execute("AUTH", "{}");',
    "redis auth with a user": 'redis.Execute("AUTH", "app", "{}");',
    "redis configuration": 'var a = "cache:6379,user=app,password={}";',
    "amqp factory": 'var f = new ConnectionFactory {{ UserName = "app", Password = "{}" }};',
    "rabbit host": 'cfg.Host("rabbit", "/", h => {{ h.Username("app"); h.Password("{}"); }});',
    "mongo": 'MongoCredential.CreateCredential("admin", "app", "{}");',
    "cassandra": 'builder.WithCredentials("app", "{}");',
    "elastic": 'settings.BasicAuthentication("elastic", "{}");',
    "elastic header": 'settings.Authentication(new BasicAuthentication("elastic", "{}"));',
    "rest basic": 'new HttpBasicAuthenticator("app", "{}");',
    "mqtt": 'options.WithCredentials("device1", "{}");',
    "user secrets": 'vault.UserPass("app", "{}");',
    "vault login": 'new UserPassAuthMethodInfo("app", "{}");',
    "sql credential": 'new SqlCredential("app", Secure("{}"));',
    "certificate": 'new X509Certificate2("app.pfx", "{}");',
    "certificate with flags": 'new X509Certificate2(bytes, "{}", X509KeyStorageFlags.Exportable);',
    "pkcs12": 'X509CertificateLoader.LoadPkcs12FromFile(path, "{}");',
    "key derivation": 'new Rfc2898DeriveBytes("{}", salt, 10000, HashAlgorithmName.SHA256);',
    "sign in": 'await signInManager.PasswordSignInAsync("admin", "{}", false, false);',
    "create user": 'await userManager.CreateAsync(user, "{}");',
    "check": 'await userManager.CheckPasswordAsync(user, "{}");',
    "impersonation": 'LogonUser("svc", "ACME", "{}", 2, 0, out var token);',
    "zip": 'zip.Password = "{}";',
    "sql user": "Execute(\"ALTER USER app WITH ENCRYPTED PASSWORD '{}'\");",
    "sql identified": "Execute(\"CREATE USER 'app'@'%' IDENTIFIED BY '{}'\");",
    "sql oracle": 'Execute("ALTER USER app IDENTIFIED BY {}");',
    "sql certificate": "Execute(\"OPEN SYMMETRIC KEY k DECRYPTION BY PASSWORD = '{}'\");",
    "net use": "// net use Z: \\\\files\\orders /user:ACME\\svc {}",
    "net user": "// net user svc {} /add",
    "psexec": "// psexec \\\\srv -u ACME\\svc -p {} cmd",
    "sshpass": "// sshpass -p '{}' ssh deploy@files",
    "mysql": "// mysql -u root -p{} orders",
    "pgpassword": "// PGPASSWORD={} psql -h db -U app",
    "redis-cli": "// redis-cli -h cache -a {} ping",
    "mongosh": "// mongosh --host db -u app -p {} --authenticationDatabase admin",
    "wget": "// wget --user=deploy --password={} https://files.acme.local/a.zip",
    "curl": "// curl --user deploy:{} https://files.acme.local/a.zip",
    "openssl": "// openssl pkcs12 -in app.pfx -passin pass:{} -nodes",
    "dotnet": "// dotnet nuget add source https://a -u deploy -p {} --store-password-in-clear-text",
    "docker login": "// docker login -u deploy -p {} registry.acme.local",
    "signtool": "// signtool sign /f app.pfx /p {} app.exe",
    "keytool": "// keytool -list -keystore a.jks -storepass {}",
    "netrc": "// machine files.acme.local login deploy password {}",
    "url user": 'var a = new Uri("ftp://deploy:{}@files.acme.local/in");',
    "url sftp": "// sftp://deploy:{}@files.acme.local:22/in",
    "url in parts": 'var a = "https://deploy:" + "{}" + "@files.acme.local";',
    "user info": 'builder.UserInfo = "deploy:{}";',
    "odbc": 'var a = "Driver={{SQL Server}};Server=db;Uid=app;Pwd={{{}}};";',
    "ole db": 'var a = "Provider=SQLOLEDB;Data Source=db;User ID=app;Password={};";',
    "jdbc": 'var a = "jdbc:sqlserver://db;user=app;password={};";',
    "db2": 'var a = "Server=db:50000;Database=o;UID=app;PWD={};";',
    "firebird": 'var a = "User=SYSDBA;Password={};Database=o.fdb;DataSource=db";',
    "snowflake": 'var a = "account=acme;user=app;password={};db=o";',
    "teradata": 'var a = "Data Source=td;User Id=app;Password={};";',
    "informix": 'var a = "Host=db;Service=9088;Server=ol;User ID=app;password={}";',
    "sap": 'var a = "ASHOST=sap SYSNR=00 CLIENT=100 USER=app PASSWD={}";',
    "rabbit easy": 'var a = "host=rabbit;username=app;password={}";',
    "nats": 'var a = "nats://app:{}@nats:4222";',
    "clickhouse": 'var a = "Host=ch;Port=8123;User=app;Password={};Database=o";',
    "ravendb": 'var a = "Url=http://r:8080;Database=o;User=app;Password={}";',
    "couchbase": 'cluster.Authenticate("app", "{}");',
    "neo4j": 'GraphDatabase.Driver("bolt://n", AuthTokens.Basic("neo4j", "{}"));',
    "influx": 'InfluxDBClientFactory.Create("http://i", "app", "{}".ToCharArray());',
}  # fmt: skip


class Forms(Maker):
    """Makes the corpus; the same seed makes the same one."""

    def keys(self) -> Iterator[tuple[str, str]]:
        """A prefix and what follows it, of keys that can be told by themselves, without end."""
        s = self.some
        while True:
            yield "gh" + "p_", s(ALNUM, 36)
            yield "sk-" + "proj-", s(ALNUM, 60) + "T3Blbk" + "FJ" + s(ALNUM, 40)
            yield "sk" + "_live_", s(ALNUM, 24)
            yield "AK" + "IA", s(UPPER + "234567", 16)
            yield "glp" + "at-", s(ALNUM, 20)
            yield "xo" + "xb-", s(DIGITS, 12) + "-" + s(DIGITS, 12) + "-" + s(ALNUM, 24)
            yield "S" + "G.", s(ALNUM, 22) + "." + s(ALNUM, 43)
            yield "np" + "m_", s(ALNUM, 36)
            yield "AI" + "za", s(ALNUM, 35)

    def together(self) -> Iterator[Leak]:
        """Keys that can be told by themselves, put together in every way that C# has."""
        keys = self.keys()
        for name, form in TOGETHER.items():
            for _ in range(2):
                p, r = next(keys)
                half = len(r) // 2
                whole = p + r
                values = {
                    "p": p, "r": r, "r1": r[:half], "r2": r[half:], "c": r[0], "d": r[1:], "p1": p[:2], "p2": p[2:],
                    "chars": ", ".join(f"'{c}'" for c in whole), "pluschars": " + ".join(f"'{c}'" for c in whole),
                    "u4": escaped(whole, "\\u%04x"), "pu4": escaped(p, "\\u%04x"), "x4": escaped(whole, "\\x%04x"),
                    "U8": escaped(whole, "\\U%08x"), "bytesx": ", ".join(f"0x{ord(c):02x}" for c in whole),
                    "bytesd": ", ".join(f"{ord(c)}" for c in whole), "b64": base64.b64encode(whole.encode()).decode(),
                    "hex": whole.encode().hex(), "rev": whole[::-1],
                    "appends": "".join(f".Append('{c}')" for c in whole),
                }  # fmt: skip
                source = form.format(**values)
                used = list(re.findall(r"\{(\w+)\}", form.replace("{{", "").replace("}}", "")))
                hidden: list[str] = []
                for part in used:
                    if part in ("chars", "pluschars", "bytesx", "bytesd", "u4", "x4", "U8", "appends"):
                        hidden += runs(values[part][6:-6])
                    elif part not in ("p", "c", "p1", "p2", "pu4"):
                        hidden.append(values[part])
                yield Leak(name, source, tuple(hidden))

    def makers(self) -> Iterator[tuple[str, str, str]]:  # noqa: PLR0915
        """Name, source with ``{}``, and key: of makers whose formats were not known."""
        s = self.some
        plain = 'var a = "{}";'
        yield "voyage", plain, "pa-" + s(ALNUM, 43)
        yield "tavily", plain, "tv" + "ly-" + s(ALNUM, 32)
        yield "tavily dev", plain, "tv" + "ly-dev-" + s(ALNUM, 32)
        yield "tailscale", plain, "tsk" + "ey-auth-" + s(ALNUM, 11) + "CNTRL-" + s(ALNUM, 32)
        yield "tailscale api", plain, "tsk" + "ey-api-" + s(ALNUM, 11) + "CNTRL-" + s(ALNUM, 32)
        yield "supabase secret", plain, "sb_" + "secret_" + s(URLSAFE, 22) + "_" + s(ALNUM, 8)
        yield "resend", plain, "re" + "_" + s(ALNUM, 8) + "_" + s(ALNUM, 24)
        yield "pinecone", plain, "pc" + "sk_" + s(ALNUM, 6) + "_" + s(ALNUM, 63)
        yield "mistral", 'var mistralKey = "{}";', s(ALNUM, 32)
        yield "netlify", plain, "nf" + "p_" + s(ALNUM, 36)
        yield "neon", plain, "na" + "pi_" + s(LOWER + DIGITS, 64)
        yield "pagerduty", 'var pagerDuty = new Client("{}");', "u+" + s(ALNUM, 18)
        yield "sonar", plain, "sq" + "p_" + s(HEX, 40)
        yield "sonar user", plain, "sq" + "u_" + s(HEX, 40)
        yield "sonar analysis", plain, "sq" + "a_" + s(HEX, 40)
        yield "postmark", 'client.DefaultRequestHeaders.Add("X-Postmark-Server-Token", "{}");', self.guid()
        yield "postmark client", 'var c = new PostmarkClient("{}");', self.guid()
        yield "render", plain, "rn" + "d_" + s(ALNUM, 32)
        yield "razorpay", 'var c = new RazorpayClient("rzp' + "_live_" + s(ALNUM, 14) + '", "{}");', s(ALNUM, 24)
        yield "razorpay id", plain, "rz" + "p_live_" + s(ALNUM, 14)
        yield "mixpanel", 'var mixpanel = Create("{}");', s(HEX, 32)
        yield "mandrill", plain, "md" + "-" + s(ALNUM, 22)
        yield "mandrill by name", 'var mandrill = new MandrillApi("{}");', s(URLSAFE, 22)
        yield "new mailgun", plain, f"{s(HEX, 32)}-{s(HEX, 8)}-{s(HEX, 8)}"
        yield "brevo", plain, "xk" + "eysib-" + s(HEX, 64) + "-" + s(ALNUM, 16)
        yield "brevo smtp", plain, "xs" + "mtpsib-" + s(HEX, 64) + "-" + s(ALNUM, 16)
        yield "fly", plain, "fo" + "1_" + s(URLSAFE, 43)
        yield "fly macaroon", plain, "FlyV1 fm" + "2_" + s(BASE64, 120)
        yield "buildkite", plain, "bk" + "ua_" + s(HEX, 40)
        yield "circleci", plain, "CCI" + "PAT_" + s(ALNUM, 22) + "_" + s(HEX, 40)
        yield "snyk", plain, "sny" + "k_uat." + s(HEX, 8) + "." + s(URLSAFE, 120)
        yield "datadog", 'DatadogClient.Configure("{}");', s(HEX, 32)
        yield "datadog app", 'var datadogAppKey = "{}";', s(HEX, 40)
        yield "algolia", 'var algolia = new SearchClient("APPID12345", "{}");', s(HEX, 32)
        yield "elevenlabs", plain, "sk" + "_" + s(HEX, 48)
        yield "deepgram", 'var deepgram = new DeepgramClient("{}");', s(HEX, 40)
        yield "cohere", 'var cohere = new CohereClient("{}");', s(ALNUM, 40)
        yield "together", plain, "tg" + "p_v1_" + s(URLSAFE, 43)
        yield "fireworks", plain, "fw" + "_" + s(ALNUM, 24)
        yield "cerebras", plain, "cs" + "k-" + s(LOWER + DIGITS, 48)
        yield "nvidia", plain, "nv" + "api-" + s(URLSAFE, 64)
        yield "langsmith", plain, "lsv" + "2_pt_" + s(HEX, 32) + "_" + s(HEX, 10)
        yield "langfuse", plain, "sk-" + "lf-" + self.guid()
        yield "jina", plain, "ji" + "na_" + s(ALNUM, 60)
        yield "firecrawl", plain, "fc" + "-" + s(HEX, 32)
        yield "exa", 'var exa = new Exa("{}");', self.guid()
        yield "weights and biases", 'wandb.Login("{}");', s(HEX, 40)
        yield "adafruit", plain, "ai" + "o_" + s(ALNUM, 28)
        yield "clojars", plain, "CLO" + "JARS_" + s(LOWER + DIGITS, 60)
        yield "crates", plain, "c" + "io" + s(ALNUM, 32)
        yield "duffel", plain, "duf" + "fel_live_" + s(URLSAFE, 43)
        yield "dynatrace", plain, "dt0" + "c01." + s(UPPER + "234567", 24) + "." + s(UPPER + "234567", 64)
        yield "easypost", plain, "EZ" + "AK" + s(ALNUM, 54)
        yield "flutterwave", plain, "FLW" + "SECK_TEST-" + s(HEX, 32) + "-X"
        yield "frameio", plain, "fi" + "o-u-" + s(URLSAFE, 64)
        yield "infracost", plain, "ic" + "o-" + s(ALNUM, 32)
        yield "harness", plain, "pa" + "t." + s(ALNUM, 22) + "." + s(HEX, 24) + "." + s(ALNUM, 20)
        yield "hubspot", plain, "pa" + "t-na1-" + self.guid()
        yield "lob", plain, "liv" + "e_" + s(HEX, 35)
        yield "mapbox", plain, "sk" + ".ey" + "J1Ijoi" + s(ALNUM, 60) + "." + s(URLSAFE, 22)
        yield "mollie", plain, "live" + "_" + s(ALNUM, 30)
        yield "okta", 'var okta = Connect("{}");', "00" + s(URLSAFE, 40)
        yield "onepassword", plain, "op" + "s_ey" + "J" + s(ALNUM, 260)
        yield "openshift", plain, "sha" + "256~" + s(URLSAFE, 43)
        yield "paystack", plain, "sk" + "_live_" + s(HEX, 40)
        yield "posthog", plain, "ph" + "x_" + s(ALNUM, 43)
        yield "prefect", plain, "pn" + "u_" + s(LOWER + DIGITS, 36)
        yield "readme", plain, "rd" + "me_" + s(LOWER + DIGITS, 70)
        yield "scalingo", plain, "tk-" + "us-" + s(URLSAFE, 48)
        yield "sendbird", 'var sendbird = new SendbirdApi("{}");', s(HEX, 40)
        yield "settlemint", plain, "sm_" + "pat_" + s(ALNUM, 16)
        yield "shippo", plain, "shi" + "ppo_live_" + s(HEX, 40)
        yield "sourcegraph", plain, "sg" + "p_" + s(HEX, 40)
        yield "telnyx", plain, "KEY" + "01" + s(HEX, 30).upper() + "_" + s(ALNUM, 22)
        yield "typeform", plain, "tf" + "p_" + s(URLSAFE, 59)
        yield "uptimerobot", 'var uptimerobot = Create("{}");', "u" + s(DIGITS, 7) + "-" + s(HEX, 24)
        yield "vercel", 'var vercel = new Vercel("{}");', s(ALNUM, 24)
        yield "yandex", plain, "AQ" + "VN" + s(URLSAFE, 36)
        zapier = 'var a = "https://hooks.zapier.com/hooks/catch/{}";'
        yield "zapier webhook", zapier, s(DIGITS, 7) + "/" + s(LOWER + DIGITS, 7)
        yield "contentful", 'var contentful = new ContentfulClient(http, "{}", "space");', s(URLSAFE, 43)
        yield "coinbase", 'var coinbase = new CoinbaseClient("{}");', s(URLSAFE, 64)
        yield "intercom", 'var intercom = Create("{}");', s(URLSAFE, 60)
        yield "asana", 'var asana = Client.AccessToken("{}");', "1/" + s(DIGITS, 16) + ":" + s(HEX, 32)
        yield "twitch", 'var twitch = new TwitchAPI("{}");', s(LOWER + DIGITS, 30)
        yield "bitbucket", plain, "AT" + "BB" + s(ALNUM, 32)
        yield "cloudinary", f'var a = "cloudinary://{s(DIGITS, 15)}:{{}}@acme";', s(URLSAFE, 27)
        yield "artifactory", plain, "AKC" + "p8" + s(ALNUM, 69)
        yield "artifactory reference", plain, "cmVmd" + "GtuOj" + s(ALNUM, 54)
        yield "gcp service account id", plain, "GO" + "OG" + s(UPPER + DIGITS, 57)
        yield "facebook", plain, "EA" + "AB" + s(ALNUM, 120)
        yield "line", 'var lineNotify = "{}";', s(ALNUM, 43)

    def guid(self) -> str:
        """A GUID."""
        s = self.some
        return "-".join(s(HEX, size) for size in (8, 4, 4, 4, 12))

    def words(self) -> Iterator[Leak]:
        """Passwords under a name, in a sentence, behind an expression, and in other languages."""
        for name, form in WORDS.items():
            one, other = self.password(), self.password()
            source, hidden = form, []
            if "{w}" in form:
                word = self.some(LOWER + DIGITS, 3)
                source, hidden = form.replace("{w}", word), [f"hunter2{word}"]
            elif "{u4}" in form:
                source = form.replace("{u4}", escaped(one, "\\u%04x"))
                hidden = list(runs(escaped(one, "\\u%04x")))
            elif "{a}" in form:
                source, hidden = (
                    form.replace("{a}", one).replace("{b}", other).replace("{{", "{").replace("}}", "}"),
                    [one, other],
                )
            else:
                source = form.replace("{{", "\0").replace("}}", "\1")
                for word in (one, other):
                    if "{}" in source:
                        source = source.replace("{}", word, 1)
                        hidden.append(word)
                source = source.replace("\0", "{").replace("\1", "}")
            yield Leak(name, source, tuple(hidden))

    def binds(self) -> Iterator[Leak]:
        """Passwords as arguments of what logs in, on command lines, and in addresses and connection strings."""
        for name, form in BINDS.items():
            word = re.sub(r"[#?%+$^]", "!", self.password())
            source = form.replace("{{{}}}", "\0{}\1").replace("{{", "\0").replace("}}", "\1").replace("{}", word)
            yield Leak(name, source.replace("\0", "{").replace("\1", "}"), (word,))

    def cut(self) -> Iterator[Leak]:  # noqa: PLR0915
        """Blocks of which only a part is there, signed addresses, and files of tools."""
        s = self.some
        body = [s(BASE64, 64) for _ in range(5)]
        yield Leak("middle of a PEM block", "\n".join(f"    {line}" for line in body), tuple(body))
        body = [s(BASE64, 64) for _ in range(3)]
        yield Leak("middle of a PEM block, quoted", "\n".join(f'    "{line}\\n" +' for line in body), tuple(body))
        body = [s(BASE64, 64) for _ in range(3)]
        yield Leak("middle of a PEM block, comment", "\n".join(f"// {line}" for line in body), tuple(body))
        body = [s(BASE64, 70) for _ in range(4)]
        yield Leak("middle of an OpenSSH key", "\n".join(body), tuple(body))
        body = [s(BASE64, 64) for _ in range(2)]
        yield Leak("two lines of a PEM block", 'var a = @"\n' + "\n".join(body) + '\n";', tuple(body))
        lines = self.pem("PGP PRIVATE " + "KEY BLOCK", 4)
        yield Leak(
            "pgp", "/*\n" + "\n".join([lines[0], "Version: GnuPG v2", "", *lines[1:]]) + "\n*/", tuple(lines[1:-1])
        )
        lines = self.pem("OPENSSH PRIVATE " + "KEY", 4)
        yield Leak("openssh", 'var a = """\n' + "\n".join(lines) + '\n""";', tuple(lines[1:-1]))
        yield Leak(
            "openssh in one literal", 'var a = "b3BlbnNzaC1r' + "ZXktdjEAAAAA" + (k := s(BASE64, 200)) + '";', (k,)
        )
        k = s(HEX, 64)
        signed = f"https://b.s3.amazonaws.com/o?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=900&X-Amz-Signature={k}"
        yield Leak("s3 presigned", f'var a = "{signed}";', (k,))
        k = s(BASE64, 26).replace("+", "a").replace("/", "b") + "%3D"
        old = f"https://b.s3.amazonaws.com/o?AWSAccessKeyId=x&Expires=1893456000&Signature={k}"
        yield Leak("s3 presigned, old", f'var a = "{old}";', (k,))
        k = s(HEX, 128)
        yield Leak(
            "gcs", f'var a = "https://storage.googleapis.com/b/o?X-Goog-Expires=900&X-Goog-Signature={k}";', (k,)
        )
        k = s(URLSAFE, 160)
        yield Leak(
            "cloudfront", f'var a = "https://d1.cloudfront.net/o?Expires=1&Signature={k}__&Key-Pair-Id=K2";', (k,)
        )
        k = s(ALNUM, 42) + "%3D"
        yield Leak("azure sas", f'var a = "https://a.blob.core.windows.net/c?sv=2024&sp=r&sig={k}";', (k,))
        k = s(ALNUM, 42) + "="
        yield Leak("azure sas, in parts", f'var a = "?sv=2024&sp=r" + "&sig=" + "{k}";', (k,))
        k = s(URLSAFE, 43)
        yield Leak("logic app", f'var a = "https://prod-1.logic.azure.com/workflows/x?sp=%2Ft&sv=1.0&sig={k}";', (k,))
        k = s(HEX, 40)
        yield Leak("oss", f'var a = "https://b.oss.aliyuncs.com/o?OSSAccessKeyId=x&Expires=1&Signature={k}";', (k,))
        token = self.jwt()
        yield Leak("jwt in parts", f'var a = "{token[:40]}" + "{token[40:]}";', (token[:40], token[40:]))
        yield Leak(
            "kubeconfig", f"/*\nusers:\n- name: a\n  user:\n    client-key-data: {(k := self.encoded(300))}\n*/", (k,)
        )
        yield Leak("kubeconfig token", f"/*\n  user:\n    token: {(k := s(ALNUM, 40))}\n*/", (k,))
        yield Leak("kubernetes secret", f"/*\nkind: Secret\ndata:\n  password: {(k := self.encoded(15))}\n*/", (k,))
        yield Leak("npmrc", f"// //registry.npmjs.org/:_authToken={(k := s(ALNUM, 36))}", (k,))
        yield Leak("npmrc basic", f"// _auth={(k := self.encoded(24))}", (k,))
        yield Leak("npmrc password", f"// //npm.acme.local/:_password={(k := self.encoded(16))}", (k,))
        yield Leak("htpasswd apr1", f"// deploy:$apr1${s(ALNUM, 8)}${(k := s(ALNUM, 22))}", (k,))
        yield Leak("htpasswd bcrypt", f'var a = "deploy:$2y$10${(k := s(ALNUM, 53))}";', (k,))
        yield Leak("bcrypt", f'var a = "$2b$12${(k := s(ALNUM, 53))}";', (k,))
        yield Leak("shadow", f"// root:$6${s(ALNUM, 8)}${(k := s(ALNUM, 86))}:19000:0:99999:7:::", (k,))
        yield Leak(
            "argon2", f'var a = "$argon2id$v=19$m=65536,t=3,p=4${(k := s(ALNUM, 22))}${(h := s(ALNUM, 43))}";', (k, h)
        )
        yield Leak(
            "docker config",
            f'var a = """{{"auths":{{"r.acme.local":{{"auth":"{(k := self.encoded(24))}"}}}}}}""";',
            (k,),
        )
        yield Leak("nuget config", f'// <add key="ClearTextPassword" value="{(k := self.password())}" />', (k,))
        yield Leak("pgpass", f"// db.acme.local:5432:orders:app:{(k := self.password())}  in .pgpass", (k,))
        yield Leak("git credentials", f"// https://deploy:{(k := s(ALNUM, 20))}@git.acme.local", (k,))
        yield Leak("wireguard", f"/*\n[Interface]\nPrivateKey = {(k := self.encoded(32))}\n*/", (k,))
        yield Leak("wifi", f'/*\nnetwork={{\n  ssid="acme"\n  psk="{(k := self.password())}"\n}}\n*/', (k,))
        yield Leak(
            "cosmos emulator form",
            f'var c = new CosmosClient("https://a.documents.azure.com", "{(k := self.encoded(64))}");',
            (k,),
        )
        yield Leak(
            "totp", f'var a = "otpauth://totp/Acme:app?secret={(k := s(UPPER + "234567", 32))}&issuer=Acme";', (k,)
        )
        yield Leak("digest", f'// Authorization: Digest username="a", response="{(k := s(HEX, 32))}"', (k,))
        yield Leak(
            "aws authorization",
            f"// Authorization: AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature={(k := s(HEX, 64))}",
            (k,),
        )


def forms() -> list[tuple[str, Leak]]:
    """Group and leak."""
    maker = Forms(FORMS_SEED)
    known = [("makers", Leak(name, source.replace("{}", key), (key,))) for name, source, key in maker.makers()]
    return [
        *(("together", leak) for leak in maker.together()),
        *known,
        *(("words", leak) for leak in maker.words()),
        *(("binds", leak) for leak in maker.binds()),
        *(("cut", leak) for leak in maker.cut()),
    ]
