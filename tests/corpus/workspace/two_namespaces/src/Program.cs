using Shop.Orders;

var queue = new QueueService();
var returns = new Shop.Returns.ReturnDesk();

queue.Append(1);
returns.Accept(2);
