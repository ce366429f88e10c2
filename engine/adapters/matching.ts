/** One element of a matching: positions in the teacher's and the student's list. */
export interface Match {
  teacher: number;
  student: number;
}

/**
 * The monotone matching of greatest total gain: every teacher and student is matched at most once, and a deeper student
 * only with a deeper teacher. Dynamic programming over both lists; what gains nothing is left out. Among equals the
 * deeper pairs win.
 * @param gains [teachers][students]; -Infinity forbids a pair
 * @returns shallowest first
 */
export const matchMonotone = (gains: readonly (readonly number[])[]): Match[] => {
  const [teachers, students] = [gains.length, gains[0]?.length ?? 0];
  const best = Array.from({ length: teachers + 1 }, () => new Float64Array(students + 1));
  const at = (teacher: number, student: number): number => best[teacher]?.[student] ?? 0;
  const gain = (teacher: number, student: number): number => gains[teacher]?.[student] ?? -Infinity;
  for (let teacher = 1; teacher <= teachers; teacher++) {
    for (let student = 1; student <= students; student++) {
      (best[teacher] as Float64Array)[student] = Math.max(
        at(teacher - 1, student),
        at(teacher, student - 1),
        at(teacher - 1, student - 1) + gain(teacher - 1, student - 1),
      );
    }
  }
  const matches: Match[] = [];
  let [teacher, student] = [teachers, students];
  while (teacher > 0 && student > 0) {
    const taken = gain(teacher - 1, student - 1);
    if (taken > 0 && at(teacher, student) === at(teacher - 1, student - 1) + taken) {
      teacher -= 1;
      student -= 1;
      matches.unshift({ teacher, student });
    } else if (at(teacher, student) === at(teacher, student - 1)) student -= 1;
    else teacher -= 1;
  }
  return matches;
};
