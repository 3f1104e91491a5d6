namespace Shop.Mail;

public class Mailer
{
    private int _sent;

    public int Sent => _sent;

    public void Deliver(string address)
    {
        _sent++; //@write
    }
}
