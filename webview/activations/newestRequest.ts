/**
 * Asks one question at a time. While one is on its way the newest that came meanwhile waits, and those between are
 * dropped: nobody looks at their answers.
 */
export class NewestRequest<Question, Answer> {
  private isBusy = false;
  private waiting: Question | null = null;

  constructor(
    private readonly ask: (question: Question) => Promise<Answer>,
    private readonly answered: (answer: Answer, question: Question) => void,
    private readonly broke: (error: unknown, question: Question) => void,
  ) {}

  request(question: Question): void {
    this.waiting = question;
    if (!this.isBusy) void this.next();
  }

  /** Forgets what waits, and the answer that is on its way. */
  cancel(): void {
    this.waiting = null;
    this.generation += 1;
  }

  private generation = 0;

  private async next(): Promise<void> {
    this.isBusy = true;
    while (this.waiting !== null) {
      const question = this.waiting;
      const { generation } = this;
      this.waiting = null;
      const settled = await this.settle(question);
      const isWanted = this.waiting === null && generation === this.generation;
      if (isWanted) settled();
    }
    this.isBusy = false;
  }

  private async settle(question: Question): Promise<() => void> {
    try {
      const answer = await this.ask(question);
      return () => this.answered(answer, question);
    } catch (error) {
      return () => this.broke(error, question);
    }
  }
}
