/** The same items, once the first has been read: a subscription that cannot start is refused, not broken off. */
export async function started<T>(items: AsyncIterableIterator<T>): Promise<AsyncIterableIterator<T>> {
  return resumed(await items.next(), items);
}

function resumed<T>(first: IteratorResult<T>, items: AsyncIterableIterator<T>): AsyncIterableIterator<T> {
  let given = false;
  return {
    next() {
      if (given) return items.next();
      given = true;
      return Promise.resolve(first);
    },
    async return() {
      return (await items.return?.()) ?? { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
