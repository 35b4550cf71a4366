/** A level that an answer reported. */
export interface LevelReport {
  /** The provider's time. */
  readonly at: number;
  readonly remaining: number;
  /** Sequence number of the answered request, and our total consumption up to it. */
  readonly sequence: number;
  readonly mark: number;
}
