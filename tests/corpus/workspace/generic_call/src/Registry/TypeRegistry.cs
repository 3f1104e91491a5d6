using System;
using System.Collections.Generic;

namespace Shop.Registry;

public class TypeRegistry
{
    private readonly Dictionary<Type, string> _names = new();

    public void Register<T>(string name)
        where T : class
    {
        _names[typeof(T)] = name; //@write
    }
}
