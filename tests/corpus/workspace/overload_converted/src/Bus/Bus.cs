using System;

namespace Shop.Bus;

public class Ping
{
}

public class Bus
{
    private int _sent;

    public void Publish<T>(T message)
    {
        _sent += 1; //@generic
    }

    public void Publish(object message)
    {
        _sent += 2; //@object
    }

    public void Tell<TGiven>(string text, TGiven given)
    {
        _sent += 3; //@told
    }

    public void Tell(Exception error, string text)
    {
        _sent += 4; //@error
    }

    public void Tell(string text, params object[] given)
    {
        _sent += 5; //@spread
    }

    public T Get<T>(string key)
    {
        _sent += 6; //@asked
        return default;
    }

    public object Get(string key)
    {
        _sent += 7; //@plain
        return null;
    }
}
