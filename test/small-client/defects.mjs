// Mistakes that people make, switched on by name: DEFECT=any-200,no-restamp. README.md says what each of them does.
const defects = new Set((process.env.DEFECT ?? "").split(",").filter(Boolean));

export const has = (name) => defects.has(name);
