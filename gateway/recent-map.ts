/** A map of what was set last: with one more than `most`, what was set longest ago is forgotten. */
export class RecentMap<K, V> extends Map<K, V> {
  constructor(private readonly most: number) {
    super();
  }

  override set(key: K, value: V): this {
    super.delete(key);
    super.set(key, value);
    const [oldest] = this.keys();
    if (this.size > this.most && oldest !== undefined) super.delete(oldest);
    return this;
  }
}
