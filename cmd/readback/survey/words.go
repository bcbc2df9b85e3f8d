package survey

// words are the texts of the pages in one language.
type words struct {
	Language, Title, Question, Ticket, Comment, Hint, Send, Change, Given string

	Scores   [5]string
	Messages map[string]string
}

var english = words{
	Language: "en", Title: "How did we do?", Ticket: "Ticket", Question: "How satisfied are you with the way we handled this ticket?",
	Comment: "Comment (optional)", Hint: "At most 2000 characters. Please write no passwords or other secrets.", Send: "Send",
	Change: "Change my vote", Given: "Your vote:",
	Scores: [5]string{"Very dissatisfied", "Dissatisfied", "Neither", "Satisfied", "Very satisfied"},
	Messages: map[string]string{
		"thanks":     "Thank you. Your vote is kept. You can change it by the same link until the survey closes.",
		"again":      "You have voted already. You can change your vote here.",
		"unscored":   "Please choose a score from 1 to 5.",
		"unreadable": "We could not read that. The comment may be too long: please shorten it and send again.",
		"wrong":      "This link is not right. Please open it from the e-mail again, whole.",
		"expired":    "This link has expired. Thank you for wanting to tell us: please call us if there is anything left to do.",
		"closed":     "This survey is closed; a vote that you gave stands. Please call us if there is anything left to do.",
		"foreign":    "This vote did not come from our page. Please open the link from the e-mail and vote there.",
		"many":       "Too many requests came from your network. Please wait a minute and try again.",
		"failed":     "We cannot keep your vote just now. Please try again in a few minutes.",
	},
}

var french = words{
	Language: "fr", Title: "Votre avis", Ticket: "Ticket", Question: "Êtes-vous satisfait du traitement de ce ticket ?",
	Comment: "Commentaire (facultatif)", Hint: "2000 caractères au plus. N’écrivez ni mots de passe ni autres secrets.", Send: "Envoyer",
	Change: "Modifier mon vote", Given: "Votre vote :",
	Scores: [5]string{"Très insatisfait", "Insatisfait", "Ni l’un ni l’autre", "Satisfait", "Très satisfait"},
	Messages: map[string]string{
		"thanks":     "Merci. Votre vote est enregistré. Vous pouvez le modifier par le même lien jusqu’à la clôture de l’enquête.",
		"again":      "Vous avez déjà voté. Vous pouvez modifier votre vote ici.",
		"unscored":   "Veuillez choisir une note de 1 à 5.",
		"unreadable": "Nous n’avons pas pu lire votre envoi. Le commentaire est peut-être trop long : raccourcissez-le et renvoyez-le.",
		"wrong":      "Ce lien n’est pas correct. Veuillez l’ouvrir de nouveau depuis l’e-mail, en entier.",
		"expired":    "Ce lien a expiré. Merci d’avoir voulu nous répondre : appelez-nous s’il reste quelque chose à faire.",
		"closed":     "Cette enquête est close ; un vote déjà donné reste acquis. Appelez-nous s’il reste quelque chose à faire.",
		"foreign":    "Ce vote ne vient pas de notre page. Veuillez ouvrir le lien de l’e-mail et voter là.",
		"many":       "Trop de demandes sont venues de votre réseau. Veuillez attendre une minute et réessayer.",
		"failed":     "Nous ne pouvons pas enregistrer votre vote pour le moment. Veuillez réessayer dans quelques minutes.",
	},
}
