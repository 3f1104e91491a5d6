using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shop.Data;
using Shop.Orders;

var builder = WebApplication.CreateBuilder(args);
var connection = builder.Configuration["Shop"];

builder.Services.AddDbContext<ShopContext>(o => o.UseSqlServer(connection, sql => sql.EnableRetryOnFailure())); //@context
builder.Services.AddScoped<OrderService>();
builder.Services.AddHealthChecks();

var app = builder.Build();
app.MapHealthChecks("/health"); //@other
app.Run();
