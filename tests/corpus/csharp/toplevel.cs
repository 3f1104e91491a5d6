using System;
using System.Transactions;

Console.WriteLine("start");                      //+ function top-level statements top-level statements
using var scope = new TransactionScope();        //+ transaction TransactionScope declaration scope
Save();
scope.Complete();

void Save()                                      //+ function local function Save
{
}                                                //- function local function Save

Console.WriteLine("end");                        //- function top-level statements top-level statements //- transaction TransactionScope declaration scope
