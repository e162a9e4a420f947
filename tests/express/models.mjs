// A tutoring marketplace as tutorials of Express and Mongoose build it. It comes in two dialects: references are called
// `student` or `studentId`, and the second calls some other things otherwise too.
import bcrypt from "bcryptjs";
import bcrypt2 from "bcryptjs-2";
import mongoose from "mongoose";

const {Schema} = mongoose;

export const models = (dialect) => {
  const withId = dialect === "ids";
  const reference = (name) => (withId ? `${name}Id` : name);
  const at = withId ? "date" : "scheduledAt", secret = withId ? "passwordHash" : "password";
  const to = (model, name = model.toLowerCase()) => ({
    [reference(name)]: {type: Schema.Types.ObjectId, ref: model, required: true},
  });
  const lesson = withId ? "Lesson" : "Booking";
  const timestamps = {timestamps: true};

  const user = new Schema({
    name: {type: String, required: true, trim: true},
    email: {type: String, required: true, unique: true, lowercase: true},
    [secret]: {type: String, required: true, minlength: 6},
    role: {type: String, enum: ["student", "teacher", "admin"], default: "student"},
    bio: String,
    avatar: String,
  }, timestamps);
  // Version 3 of bcryptjs writes $2b$, and version 2 wrote $2a$: an app that is older has both.
  user.pre("save", async function () {
    if (!this.isModified(secret)) return;
    this[secret] = await (this.name.startsWith("Old") ? bcrypt2 : bcrypt).hash(this[secret], 10);
  });

  const gig = new Schema({
    ...to("User", "teacher"),
    title: {type: String, required: true},
    subject: String,
    description: String,
    price: {type: Number, required: true, min: 0},
    images: [String],
  }, timestamps);

  const booking = new Schema({
    ...to("User", "student"),
    ...to("User", "teacher"),
    ...to("Gig"),
    status: {type: String, enum: ["pending", "accepted", "rejected", "completed", "cancelled"], default: "pending"},
    [at]: {type: Date, required: true},
    durationMinutes: Number,
    note: String,
    price: {type: Number, required: true},
    meetingLink: String,
  }, timestamps);

  const review = new Schema({
    ...to(lesson, "booking"),
    ...to("Gig"),
    ...to("User", "student"),
    ...to("User", "teacher"),
    rating: {type: Number, required: true, min: 1, max: 5},
    comment: String,
  }, timestamps);

  const manualPayment = new Schema({
    ...to(lesson, "booking"),
    ...to("User", "student"),
    method: {type: String, enum: ["bkash", "nagad", "rocket", "bank", "cash"], required: true},
    transactionId: {type: String, required: true},
    amount: {type: Number, required: true},
    status: {type: String, enum: ["pending", "verified", "rejected"], default: "pending"},
  }, timestamps);

  return {
    reference, at, secret,
    User: mongoose.model("User", user),
    Gig: mongoose.model("Gig", gig),
    Booking: mongoose.model(lesson, booking),
    Review: mongoose.model("Review", review),
    ManualPayment: mongoose.model("ManualPayment", manualPayment),
  };
};
