/** Told what is going on and how far it is, from 0 to 1; null where that is not known. */
export type Progress = (message: string, fraction: number | null) => void;
