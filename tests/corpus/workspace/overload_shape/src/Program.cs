using System;
using Shop.Seats;

var seats = new SeatMap();
var office = new BoxOffice(seats);

Console.WriteLine(office.Sell("A-1-1"));
Console.WriteLine(seats.Count("A-"));
Console.WriteLine(seats.TryTake("A-1-2", 40));
seats.Close("main", block: "left");
