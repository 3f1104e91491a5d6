using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Shop.Api;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddControllers(options => options.Filters.Add<SerializableFilter>()); //@registered

var app = builder.Build();
app.MapControllers();
app.Run();
