"""A third corpus, written after the rules and measured once before any of them was changed for it: 95 of 104 held; forms that were found since stand with them."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from tests.secret_forms import Forms, escaped, runs
from tests.secret_samples import ALNUM, BASE64, DIGITS, HEX, LOWER, URLSAFE, Leak


def fresh(seed: int = 4711) -> Iterator[tuple[str, Leak]]:
    """Group and leak."""
    made = Forms(seed)
    s, word = made.some, made.password
    keys = made.keys()

    def put(form: str, *parts: str) -> Leak:
        p, r = next(keys)
        third = len(r) // 3
        fill = {
            "p": p, "r": r, "r1": r[:third], "r2": r[third : 2 * third], "r3": r[2 * third :],
            "rev": (p + r)[::-1], "b64": (b64 := base64.b64encode((p + r).encode()).decode()), "u": escaped(p + r, "\\u%04x"),
            "b1": b64[:22], "b2": b64[22:],
            "chars": ",".join(f"'{c}'" for c in p + r), "nums": ",".join(str(ord(c)) for c in p + r),
        }  # fmt: skip
        hidden: list[str] = []
        for part in parts:
            hidden += runs(fill[part][8:-8]) if part in ("u", "chars", "nums") else [fill[part]]
        source = form
        for name, value in fill.items():
            source = source.replace(f"<{name}>", value)
        return Leak(form, source, tuple(hidden))

    for form, *parts in (
        ('string a = $"{P}{Q}{R}";\nconst string P = "<p>", Q = "<r1>";\nconst string R = "<r2><r3>";', "r1"),
        ('private const string Key = KeyLead + KeyTail;\nprivate const string KeyLead = "<p>";\nprivate const string KeyTail = "<r>";', "r"),
        ('var a = string.Concat("<p>", string.Concat("<r1>", "<r2>"), "<r3>");', "r1", "r2", "r3"),
        ('var a = string.Format("{0}{1}{2}", new object[] { "<p>", "<r1>", "<r2><r3>" });', "r1"),
        ('var a = string.Join("-", "a", "b") + "<p>" + "<r>";', "r"),
        ('StringBuilder builder = new();\nbuilder.Append("<p>").Append("<r1>");\nbuilder.Append("<r2>").Append("<r3>");', "r1", "r2", "r3"),
        ('var a = "";\na += "<p>";\nLog();\na += "<r>";', "r"),
        ('var a = "<p>"\n    // the rest is from the wiki\n    + "<r>";', "r"),
        ("var a = new string([<chars>]);", "chars"),
        ("char[] secret = {<chars>};", "chars"),
        ('var a = "<u>"u8;', "u"),
        ("var a = Encoding.ASCII.GetString(new byte[] { <nums> });", "nums"),
        ('var a = Decode("<b64>");', "b64"),
        ('// token, encoded: <b64>', "b64"),
        ('var a = new string("<rev>".ToCharArray().Reverse().ToArray());', "rev"),
        ('var a = "<p>_X_<r>".Replace("_X_", string.Empty);', "r"),
        ('var a = string.Create(null, $"<p>{"<r>"}");', "r"),
        ('var a = @"<p>" +\n        @"<r1>" + """<r2>""" + "<r3>";', "r1", "r2", "r3"),
        ('yield return "<p>";\nyield return "<r>";', "r"),
        ('var a = String.Concat(new List<string> { "<p>", "<r1>", "<r2>", "<r3>" });', "r1", "r2"),
        ('var parts = ("<p>", "<r>");\nvar a = parts.Item1 + parts.Item2;', "r"),
        ('writer.Write("<p>");\nwriter.Write("<r>");', "r"),
        ('var a = ConcatAll("<p>", "<r1>", "<r2>", "<r3>");', "r1", "r2"),
        ('var a = "<p>".PadRight(4) + "<r>";', "r"),
        ('var a = "  <p><r>  ";', "r"),
        ('var map = new Dictionary<int, string> { [0] = "<p>", [1] = "<r>" };', "r"),
        ('var a = Lead() + Tail();\nstatic string Lead() => "<p>";\nstatic string Tail() { return "<r>"; }', "r"),
    ):  # fmt: skip
        yield "together", put(form, *parts)
    plain = 'var a = "{}";'
    for name, form, key in (
        ("voyage", "// VOYAGE: {}", "pa-" + s(ALNUM, 43)),
        ("tailscale client", plain, "tsk" + "ey-client-" + s(ALNUM, 12) + "CNTRL-" + s(ALNUM, 36)),
        ("supabase", 'Connect(url, "{}");', "sb_" + "secret_" + s(ALNUM, 31)),
        ("resend", 'ResendClient.Create("{}");', "re" + "_" + s(ALNUM, 8) + "_" + s(ALNUM, 24)),
        ("mistral env", "// MISTRAL_API_KEY={}", s(ALNUM, 32)),
        ("algolia json", 'var a = """{{"algolia": {{"adminKey": "{}"}}}}""";', s(HEX, 32)),
        ("datadog header", 'request.Headers.Add("DD-API-KEY", "{}");', s(HEX, 32)),
        ("postmark header", 'h["X-Postmark-Account-Token"] = "{}";', made.guid()),
        ("sonar", "// sonar.login={}", "sq" + "p_" + s(HEX, 40)),
        ("netlify", plain, "nf" + "p_" + s(ALNUM, 40)),
        ("mixpanel", "// mixpanel secret: {}", s(HEX, 32)),
        ("mailgun", 'Send("{}");', f"{s(HEX, 32)}-{s(HEX, 8)}-{s(HEX, 8)}"),
        ("twilio", 'TwilioClient.Init("AC0", "{}");', s(HEX, 32)),
        ("pusher", 'var pusher = new Pusher("123456", "key", "{}");', s(HEX, 20)),
        ("stripe", 'StripeConfiguration.ApiKey = "{}";', "rk" + "_live_" + s(ALNUM, 99)),
        ("github app", plain, "gh" + "s_" + s(ALNUM, 36)),
        ("gitlab routable", plain, "glp" + "at-" + s(URLSAFE, 27) + ".01." + s(LOWER + DIGITS, 9)),
        ("fcm", plain, "AA" + "AA" + s(URLSAFE, 7) + ":APA" + "91b" + s(URLSAFE, 134)),
        ("cloudflare", 'var cloudflare = new Client("{}");', s(URLSAFE, 40)),
        ("launchdarkly", 'new LdClient("sdk-{}");', made.guid()),
        ("sentry auth", 'var sentry = Login("{}");', s(HEX, 64)),
        ("segment", 'Analytics.Initialize("{}");', s(ALNUM, 32)),
        ("heroku", 'var heroku = Connect("{}");', made.guid()),
        ("bitly", 'var bitly = new Bitly("{}");', s(HEX, 40)),
        ("openrouter", plain, "sk-" + "or-v1-" + s(HEX, 64)),
    ):
        yield "makers", Leak(name, form.replace("{}", key).replace("{{", "{").replace("}}", "}"), (key,))
    for form in (
        "// Passwort für das Testsystem: {}", "// le mot de passe du compte : {}", "// clave: {}", "// Senha do banco: {}",
        "// Hasło do bazy to {}", "// пароль от базы: {}", "// 数据库密码：{}", "// パスワード：{}", "// 비밀번호는 {}",
        "// user sa, password {}", "// pwd for staging = {}", "// creds: admin/{}", "// use admin:{} to log in",
        "/*\n  admin:\n    username: root\n    password: \"{}\"\n*/", "/*\nspring.datasource.password={}\n*/",
        'var x = """\n  <user name="app" password="{}"/>\n  """;', 'var x = """{"dbPassword":"{}"}""";',
        'var password = Env == "prod" ? Vault.Get("db") : "{}";', 'string Pwd() => Env switch { "dev" => "{}", _ => Read() };',
        'public string Passphrase { get; } = "{}";', 'public override string Password\n{\n    get { return "{}"; }\n}',
        'static readonly SecureString Pw = Make("{}");', 'Login(user, pw: "{}");', 'cfg.Password ??= "{}";',
        'if (pwd is not "{}") throw new X();', 'var ok = string.Equals("{}", password, StringComparison.Ordinal);',
        'public record Db(string User = "app", string Password = "{}");', '[SmtpAccount("mailer", Pass = "{}")] class A { }',
        'var d = new Dictionary<string, string>\n{\n    ["user"] = "app",\n    ["pass"] = "{}",\n};', 'o.Wachtwoord = "{}";',
        'var (u, pw) = ("app", "{}");', 'const string KennwortDatenbank = "{}";', 'options.MotDePasse = "{}";',
    ):  # fmt: skip
        value = word()
        yield "words", Leak(form, form.replace("{}", value), (value,))
    for form in (
        'ldap.Bind("uid=svc,ou=x", "{}");', 'sftp = new SftpClient(new PasswordConnectionInfo(host, user, "{}"));',
        'await smtp.AuthenticateAsync(Encoding.UTF8, "mailer", "{}");', 'c.Credentials = new NetworkCredential("u", "{}", "d");',
        'var c = ConnectionMultiplexer.Connect("cache:6380,ssl=true,password={}");', '// ftp://app:{}@host/dir',
        "// mysql --user=root --password={} db", '// PGPASSWORD="{}" pg_dump db', "// docker run -e SA_PASSWORD={} mssql",
        'var a = "amqps://app:{}@rabbit:5671/%2f";', 'var a = "Server=db;UID=app;PWD=\'{}\';";',
        'cert = new X509Certificate2(path, "{}", flags);', '// smbclient //srv/share -U svc%{}',
    ):  # fmt: skip
        value = word().translate(str.maketrans("#?%+$^", "!!!!!!"))
        yield "binds", Leak(form, form.replace("{}", value), (value,))
    for form in (
        'o.PasswordProvider = (_, _) => "{}";', 'b.UsePasswordProvider(_ => "{}");', 'PasswordProvider = static (_, _) => new("{}"),',
        'PasswordProvider = async (_, token) => { await Task.Yield(); return "{}"; };', '// userlist.txt: "app" "{}"',
        'var userlist = """\n    "app" "{}"\n    """;', 'File.WriteAllText("userlist.txt", "\\"app\\" \\"{}\\"");',
    ):  # fmt: skip
        value = word()
        yield "words", Leak(form, form.replace("{}", value), (value,))
    yield "cut", Leak("md5 of a user list", f'"app" "md5{(k := s(HEX, 32))}"', (k,))
    scram = f"{s(ALNUM, 22)}==${s(ALNUM, 43)}=:{s(ALNUM, 43)}="
    yield "cut", Leak("scram verifier", f'// "app" "SCRAM-SHA-256$4096:{scram}"', (scram,))
    body = [s(BASE64, 64) for _ in range(3)]
    yield "cut", Leak("pem middle", 'var a = @"\n' + "\n".join(body), tuple(body))
    yield "cut", Leak("sas", f'Get("?sv=2022&se=2030&sr=b&sp=r&sig={(k := s(ALNUM, 43))}%3D");', (k,))
    yield (
        "cut",
        Leak("aws", f'var u = "https://x.s3.eu-west-1.amazonaws.com/a?X-Amz-Signature={(k := s(HEX, 64))}";', (k,)),
    )
    yield "cut", Leak("bcrypt", f'Hash = "$2a$11${(k := s(ALNUM, 53))}";', (k,))
    yield "cut", Leak("npmrc", f"// //npm.acme.local/:_authToken={(k := made.guid())}", (k,))
    yield "cut", Leak("netrc", f"// machine git.acme.local login ci password {(k := word())}", (k,))
    yield "together", put('var a = Encoding.ASCII.GetString(Convert.FromBase64String("<b1>" + "<b2>"));', "b1", "b2")
    yield "together", put('var a = string.Concat("<b1>", "<b2>");\nUse(Convert.FromBase64String(a));', "b1", "b2")
    for form in (
        "/// <remarks>Test password: {}</remarks>", "// hasło dla konta testowego: {}", "// Le mot de passe de test est {}",
        "// パスワードは「{}」", "// la contraseña de prueba: {}", "/* the root password for the lab box is {} */",
    ):  # fmt: skip
        value = word().translate(str.maketrans("", "", "#?!%+$^"))
        yield "words", Leak(form, form.replace("{}", value), (value,))
    for opening, between, end in (
        ('var a = @"', "\n", '";'),
        ('Load(@"', "\n", '", 1);'),
        ('Add("', '");\nAdd("', '");'),
    ):
        body = [s(BASE64, 64) for _ in range(3)]
        yield "cut", Leak(f"pem middle, {opening}", opening + between.join(body) + end, tuple(body))


def forms() -> list[tuple[str, Leak]]:
    """All of them."""
    return list(fresh())
