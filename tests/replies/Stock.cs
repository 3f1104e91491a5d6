using System.Collections.Generic;
using System.Threading;

namespace Shop
{
	/// <summary>What is left of each article.</summary>
	public class Stock
	{
		private readonly object _gate = new object();
		private readonly Dictionary<string, int> _left = new Dictionary<string, int>();
		private int _misses;

		public Stock(IEnumerable<string> articles)
		{
			foreach (var article in articles)
			{
				_left[article] = 0;
			}
		}

		public int Misses
		{
			get { lock (_gate) { return _misses; } }
		}

		/// <summary>Takes one article.</summary>
		public bool Take(string article)
		{
			return Take(article, 1);
		}

		/// <summary>Takes some of an article.</summary>
		public bool Take(string article, int count)
		{
			lock (_gate)
			{
				if (!_left.ContainsKey(article))
				{
					_misses++;
					return false;
				}

				if (_left[article] < count)
				{
					_misses++;
					return false;
				}

				_left[article] -= count;
				return true;
			}
		}

		public void Add(string article, int count)
		{
			lock (_gate)
			{
				_left[article] = Bounded(_left[article] + count);
			}

			int Bounded(int n)
			{
				return n < 0 ? 0 : n;
			}
		}
	}
}
