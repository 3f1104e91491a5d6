using Shop.Stock;
using Shop.Tickets;

var stock = new StockService();
var desk = new TicketDesk();
var kiosk = new TicketKiosk(new TicketService());

desk.Sell(12);
kiosk.Sell(13);
stock.Reserve(1001);
