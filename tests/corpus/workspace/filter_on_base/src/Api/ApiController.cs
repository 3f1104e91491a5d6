using Microsoft.AspNetCore.Mvc;

namespace Shop.Api;

[Atomic] //@mark
[ApiController]
public abstract class ApiController : ControllerBase
{
    protected string UserName => User.Identity?.Name ?? "anonymous";
}
