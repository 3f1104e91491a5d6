using System.Linq;
using Shop.Data;

namespace Shop.Accounts;

public class AccountService
{
    private readonly BankContext _db;

    public AccountService(BankContext db)
    {
        _db = db;
    }

    public void Deposit(int id, decimal amount)
    {
        var account = _db.Accounts.Single(a => a.Id == id); //@read
        account.Balance += amount;
        _db.SaveChanges();
    }
}
