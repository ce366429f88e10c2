import type { MethodOffer, ProposedPair } from '../contract/profile';
import type { ModelInfo } from '../contract/model';
import type { Task } from '../contract/recipe';
import type { Method } from '../methods/method';
import { isMap } from './build';
import { familyOf, familyTitles } from './family';

/** What is known of two networks when methods are offered. */
export interface Occasion {
  task: Task;
  teacher: ModelInfo;
  student: ModelInfo;
  pairs: readonly ProposedPair[];
}

type Offered = Pick<Method, 'id' | 'tasks' | 'needsTeacher' | 'pairs' | 'keepPairs'>;

/** What the network puts out: a class map, one value, or classes. */
export const taskOf = ({ outputShape }: ModelInfo): Task => {
  if (isMap(outputShape)) return 'segmentation';
  return outputShape.length === 1 && outputShape[0] === 1 ? 'regression' : 'classification';
};

/** Methods that compare positions of maps, not vectors. */
export const mapMethods: ReadonlySet<string> = new Set([
  'at',
  'cwd',
  'cd',
  'pa',
  'la',
  'csc',
  'mgd',
  'ifvd',
  'hsakd',
  'det-li',
  'det-wang',
  'det-zm',
]);

/** Published accuracies of VGG13 to MobileNetV2 on CIFAR-100 (Tian et al., Contrastive Representation Distillation). */
const acrossFamilies: Readonly<Record<string, number>> = { at: 59.4, fitnets: 64.14 };
const alone = 64.6;

/** Methods that ask the student to give the teacher's own outputs. */
const imitating: ReadonlySet<string> = new Set(['kd', 'gkd', 'ctkd', 'fitnets']);
const largeGap = 40;

/** Methods that hold every position against every other. */
const quadratic: ReadonlySet<string> = new Set(['csc']);
const largeBytes = 5e8;
const batch = 64;

const familyWarning = (id: string, { teacher, student }: Occasion): string | null => {
  const published = acrossFamilies[id];
  const [one, other] = [familyOf(teacher), familyOf(student)];
  if (published === undefined || one === other) return null;
  return (
    `The teacher is ${familyTitles[one]} and the student ${familyTitles[other]}: across families this method is known ` +
    `to hurt (from VGG13 to MobileNetV2 ${published} %, the student alone ${alone} %).`
  );
};

const gapWarning = (id: string, { teacher, student }: Occasion): string | null => {
  const ratio = teacher.macs / Math.max(1, student.macs);
  if (!imitating.has(id) || ratio < largeGap) return null;
  return (
    `The teacher does ${Math.round(ratio)} times the student's work: across such a gap the student often cannot follow ` +
    '(Cho and Hariharan, ICCV 2019). A teacher of a size between the two may serve better.'
  );
};

const sizeWarning = (id: string, kept: readonly ProposedPair[]): string | null => {
  if (!quadratic.has(id)) return null;
  const bytes = kept.reduce(
    (sum, { teacherShape: [height = 1, width = 1] }) => sum + 8 * batch * (height * width) ** 2,
    0,
  );
  if (bytes < largeBytes) return null;
  return `It compares every position with every other: ${(bytes / 1e9).toFixed(1)} GB for a batch of ${batch}.`;
};

const keptOf = (method: Offered, pairs: readonly ProposedPair[]): ProposedPair[] => {
  const kept = new Set((method.keepPairs?.(pairs) ?? pairs).map(({ student }) => student));
  return pairs.filter(({ student }) => kept.has(student));
};

/** Why a method does not suit; null where it does. */
const objection = (method: Offered, { task, pairs }: Occasion): string | null => {
  if (!method.tasks.includes(task))
    return `It is made for ${method.tasks.join(', ')}; these networks do ${task}.`;
  if (!method.needsTeacher && method.id !== 'task') return 'It learns without a teacher.';
  if (method.pairs === 'none') return null;
  const isLogits = pairs.every(({ teacher }) => teacher === 'logits');
  if (isLogits) return 'The two networks have no layers that go together.';
  const haveMaps = pairs.every(({ teacherShape }) => isMap(teacherShape));
  return mapMethods.has(method.id) && !haveMaps
    ? 'It compares positions of maps, and these pairs are vectors.'
    : null;
};

const praise = (method: Offered, pairs: readonly ProposedPair[]): string => {
  if (method.id === 'task') return 'The labels: keep it beside the losses that learn from the teacher.';
  if (method.pairs === 'none') return 'It finds what it reads in both networks.';
  const kept = keptOf(method, pairs);
  const [only] = kept;
  if (kept.length === 1 && only) return `It takes the pair ${only.teacher} with ${only.student}.`;
  return kept.length === pairs.length
    ? `It takes all ${kept.length} pairs.`
    : `It takes ${kept.length} of the pairs.`;
};

/** Every method, in their order, as it suits two networks; what is known to go wrong is said. */
export const offerMethods = (methods: readonly Offered[], occasion: Occasion): MethodOffer[] =>
  methods.map((method) => {
    const against = objection(method, occasion);
    const warning =
      familyWarning(method.id, occasion) ??
      gapWarning(method.id, occasion) ??
      sizeWarning(method.id, keptOf(method, occasion.pairs));
    return {
      method: method.id,
      suits: against === null,
      reason: against ?? praise(method, occasion.pairs),
      warning: against === null ? warning : null,
    };
  });
