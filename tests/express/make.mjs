// node make.mjs URL DIALECT: the app's data, made by the app. Prints the ids.
import mongoose from "mongoose";

import {models} from "./models.mjs";

const [url, dialect] = process.argv.slice(2);
await mongoose.connect(url);
const {User, Gig, Booking, Review, ManualPayment, reference, at, secret} = models(dialect);
await User.init();  // its index

const person = (name, role, more = {}) =>
  User.create({name, email: `${name.split(" ")[0]}@Example.com`, [secret]: `${name}'s password`, role, ...more});
const ayesha = await person("Ayesha Rahman", "teacher", {bio: "Ten years of mathematics", avatar: "ayesha.png"});
const rahim = await person("Rahim Uddin", "student");
const nadia = await person("Older Nadia", "student");  // signs in with $2a$

const algebra = await Gig.create({[reference("teacher")]: ayesha, title: "Algebra", subject: "Mathematics",
                                  description: "Equations", price: 800, images: ["a.png", "b.png"]});
const guitar = await Gig.create({[reference("teacher")]: ayesha, title: "Guitar", price: 799.5});

const book = (student, gig, day, more) =>
  Booking.create({[reference("student")]: student, [reference("teacher")]: ayesha, [reference("gig")]: gig,
                  [at]: new Date(`2031-03-${day}T10:00:00Z`), price: gig.price, ...more});
const pending = await book(rahim, algebra, "01", {note: "Chapter 3", durationMinutes: 90, price: 1200, meetingLink: "https://meet.example/1"});
const accepted = await book(rahim, guitar, "02", {status: "accepted"});
const completed = await book(nadia, algebra, "03", {status: "completed", price: 800 / 3});
await Review.create({[reference("booking")]: completed, [reference("gig")]: algebra, [reference("student")]: nadia,
                     [reference("teacher")]: ayesha, rating: 4});
const paid = await ManualPayment.create({[reference("booking")]: completed, [reference("student")]: nadia, method: "bkash",
                                         transactionId: "TRX100", amount: 266.67, status: "verified"});

// What Mongoose's casts would keep out: another program's, or from before there was a schema.
const broken = new mongoose.Types.ObjectId();
await Booking.collection.insertOne({_id: broken, [reference("student")]: rahim._id, [reference("teacher")]: ayesha._id,
                                    [reference("gig")]: algebra._id, status: "pending", [at]: "next Monday", price: 5});
const made = {ayesha, rahim, nadia, algebra, guitar, pending, accepted, completed, paid};
const ids = Object.fromEntries(Object.entries(made).map(([name, its]) => [name, its.id]));
// FerretDB 1 ends the connection at a decimal; other servers take it.
const {ferretdbVersion} = await mongoose.connection.db.admin().buildInfo();
if (!ferretdbVersion) {
  const dear = new mongoose.Types.ObjectId();
  await Gig.collection.insertOne({_id: dear, [reference("teacher")]: ayesha._id, title: "Physics", price: mongoose.Types.Decimal128.fromString("950.50")});
  ids.decimal = dear.toString();
}
console.log(JSON.stringify({...ids, broken: broken.toString()}));
await mongoose.disconnect();
