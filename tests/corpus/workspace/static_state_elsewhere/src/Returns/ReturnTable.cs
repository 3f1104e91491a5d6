using System.Collections.Generic;

namespace Shop.Returns;

public static class ReturnTable
{
    internal static readonly Dictionary<int, int> Levels = new();
}
