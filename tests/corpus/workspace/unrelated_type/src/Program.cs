using Shop.Stock;
using Shop.Tickets;

var stock = new StockService();
var desk = new TicketDesk();

desk.Sell(12);
stock.Reserve(1001);
